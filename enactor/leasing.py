"""The lease of one pass: asked for when it knows what it wants to do, given back at its end."""

from __future__ import annotations

from types import TracebackType

from enactor.ports import Ports, Request
from plans.errors import PlanfenceError, Refused, Unavailable
from plans.lease import Applicant, LeaseLost, Tenure, acquire
from plans.settings import Settings


class Leasing:
    """The lease that a pass holds, if its stream has one.

    As a context it gives the lease back at the end, but for an end that nobody could see coming: a
    process that dies keeps it, and it lapses.

    Attributes:
        attempt: the attempt id of the pass, which owns the lease.
        tenure: the lease held; None where the stream has none.
    """

    def __init__(self, ports: Ports, request: Request, attempt: str) -> None:
        self.attempt = attempt
        self.tenure: Tenure | None = None
        self._ports = ports
        self._request = request

    def waited_for(self, settings: Settings) -> bool:
        """Get the lease, if there is one to get and it is not held yet.

        Returns:
            Whether that took any time in which another pass could act.

        Raises:
            LeaseLost: it was held, and is not any more.
            Unavailable: another holds it, or credentials under it cannot be had now.
            Refused: calls are to be made with credentials of the lease, and it is not to be had,
                or they are not.
        """
        ports, request = self._ports, self._request
        bound = ports.bound(settings)
        if self.tenure is not None:
            if bound is None or self.tenure.lease.ends_at is not None:
                self.tenure.tick()
                return False
            # The settings changed meanwhile, and this one was taken without the services' clock.
            self.tenure.release()
            self.tenure = None
        if settings.lease_seconds == 0:
            if bound is None:
                return False
            raise Refused(
                f"the credentials for the targets of {request.stream} end with its lease, and it"
                " has none",
                rule="lease-needed",
                remedy=f"`planfence stream set {request.stream} --lease-seconds 60`, or take"
                " `[enactor] role` out of planfence.toml",
            )
        waits: list[float] = []

        def waiting(holder: str, epoch: int, seconds: float) -> None:
            waits.append(seconds)
            ports.progress.waits_for_lease(holder, epoch, seconds)

        self.tenure = acquire(
            Applicant(
                register=ports.register,
                stream=request.stream,
                clock=ports.clock,
                holder=request.by,
                owner=self.attempt,
                seconds=settings.lease_seconds,
                wait_seconds=request.wait_seconds,
                service_now=bound.now if bound is not None else None,
                waiting=waiting,
            )
        )
        if bound is not None:
            bound.begin(self.tenure)
        return bool(waits)

    def __enter__(self) -> Leasing:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        died = error is not None and not isinstance(error, PlanfenceError)
        if self.tenure is None or died or isinstance(error, LeaseLost):
            return
        try:
            self.tenure.release()
        except Unavailable as silence:
            self._ports.progress.lease_kept(str(silence))
