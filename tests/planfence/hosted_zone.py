"""A project whose stream is about a hosted zone of the strict double."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.doubles.route53.double import Double
from tests.planfence.project import STREAM, Project

ZONE = "example.com."
TWO_TARGETS = 'targets = ["route53://{zone}", "zonefile:out/a.zone"]'
ONE_TARGET = 'targets = ["route53://{zone}"]'
ONE = "www: {type: A, ttl: 300, value: 192.0.2.50}\nold: {type: A, ttl: 60, value: 192.0.2.40}\n"
NS = (
    "'': {type: NS, ttl: 172800, values: [ns-331.awsdns-41.com., ns-1749.awsdns-26.co.uk.,"
    " ns-683.awsdns-21.net.]}\n"
)


@dataclass
class Cloud:
    """A project whose target is a hosted zone of the double."""

    project: Project
    double: Double
    zone_id: str

    @property
    def target(self) -> str:
        return f"route53://{self.zone_id}"

    def configure(self, targets: str = ONE_TARGET, more: str = "") -> None:
        self.project.write(
            "planfence.toml",
            f'{more}[streams."{STREAM}"]\nkind = "dns"\ndesired = "zones/example.com.yaml"\n'
            f"{targets.format(zone=self.zone_id)}\n",
        )

    def desire(self, text: str) -> None:
        self.project.write("zones/example.com.yaml", text)

    def start(self, desired: str = ONE, targets: str = ONE_TARGET, more: str = "") -> None:
        self.configure(targets, more)
        self.desire(desired)
        self.project.ok("init")

    def go(self, desired: str | None = None) -> int:
        if desired is not None:
            self.desire(desired)
        return self.project.go()

    def edit(self, *changes: tuple[str, dict[str, Any]]) -> None:
        self.double.edit(
            self.zone_id,
            *({"Action": action, "ResourceRecordSet": each} for action, each in changes),
        )

    def live(self) -> dict[tuple[str, str], list[str]]:
        """Values by name and type, but for the apex and the fence."""
        return {
            (each["Name"].removesuffix(f".{ZONE}"), each["Type"]): [
                record["Value"] for record in each.get("ResourceRecords", ())
            ]
            for each in self.double.record_sets(self.zone_id)
            if each["Name"] not in {ZONE, f"_planfence.{ZONE}"}
        }


def simple(label: str, value: str, ttl: int = 300, rdtype: str = "A") -> dict[str, Any]:
    records = [{"Value": value}]
    return {"Name": f"{label}.{ZONE}", "Type": rdtype, "TTL": ttl, "ResourceRecords": records}
