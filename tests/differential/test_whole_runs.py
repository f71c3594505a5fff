"""The commands themselves: ``planfence`` on one side, octoDNS's Manager on the other.

Both are given the same file under its own zone's name, each with a configuration of its own.
"""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from octodns.manager import Manager

from tests.differential.by_octodns import DEPRECATED
from tests.differential.examples import EXAMPLES
from tests.differential.held import at_bind, at_route53, meant_at_bind, meant_at_route53, rows_of
from tests.doubles.route53 import hooks
from tests.doubles.route53.double import Double
from tests.enactor.servers import LAX
from tests.planfence.project import STREAM, FixedClock, Project
from tests.planfence.served import RealClock
from tests.servers.bind import LOOPBACK, Bind, Zone

pytestmark = pytest.mark.filterwarnings(DEPRECATED)
EXAMPLE = next(each for each in EXAMPLES if each.file.endswith("target/my-domain.com.yaml"))
ZONE = "my-domain.com."
CONFIG = """\
[streams."{stream}"]
kind = "dns"
desired = "zones/{zone}yaml"
targets = ["{target}"]

[keys.ours]
file = "ours.key"
"""


def by_planfence(project: Project, target: str) -> None:
    """init, plan, approve, enact."""
    project.write("planfence.toml", CONFIG.format(stream=STREAM, zone=ZONE, target=target))
    project.write(f"zones/{ZONE}yaml", EXAMPLE.text)
    project.ok("init")
    project.go()
    assert project.ok("plan", STREAM).out.startswith("unchanged: ")


def by_octodns(folder: Path, provider: dict[str, Any]) -> None:
    """octodns-sync --doit."""
    (folder / f"{ZONE}yaml").write_text(EXAMPLE.text, encoding="utf-8")
    source = {
        "class": "octodns.provider.yaml.YamlProvider",
        "directory": str(folder),
        "escaped_semicolons": True,
    }
    config = {
        "providers": {"config": source, "service": provider},
        "zones": {ZONE: {"sources": ["config"], "targets": ["service"]}},
    }
    path = folder / "octodns.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    assert Manager(str(path)).sync(dry_run=False) > 0


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    return Project(root, capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """octoDNS's own."""
    folder = tmp_path / "octodns"
    folder.mkdir()
    return folder


def test_at_route53(project: Project, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = Double(project.clock), Double(FixedClock())
    our_zone, their_zone = ours.add_zone(ZONE), theirs.add_zone(ZONE)
    with hooks.serving(ours):
        by_planfence(project, f"route53://{our_zone}")
    monkeypatch.setattr("octodns_route53.auth.Session", lambda: hooks.session(theirs))
    by_octodns(folder, {"class": "octodns_route53.Route53Provider"})
    found = at_route53(theirs, their_zone, ZONE)
    assert at_route53(ours, our_zone, ZONE) == found
    meant = meant_at_route53(rows_of(EXAMPLE.rest("Route 53")), ZONE)
    assert found == {(ZONE, "NS"): found[ZONE, "NS"], **meant}


def test_at_bind(project: Project, folder: Path, bind_server: Bind, own_bind: Bind) -> None:
    def zone_of(server: Bind) -> Zone:
        return server.zone(name=ZONE, apex="@ NS ns.elsewhere.test.\n", statement=LAX)

    ours, theirs = zone_of(bind_server), zone_of(own_bind)
    project.clock = RealClock()
    shutil.copy(ours.key_file, project.root / "ours.key")
    by_planfence(project, f"{ours.target}?key=ours")
    key = theirs.key
    provider = {
        "class": "octodns_bind.Rfc2136Provider",
        "host": LOOPBACK,
        "port": theirs.port,
        "key_name": key.name,
        "key_secret": base64.b64encode(key.secret).decode(),
        "key_algorithm": key.algorithm,
    }
    by_octodns(folder, provider)
    found = at_bind(theirs)
    assert at_bind(ours) == found
    meant = meant_at_bind(rows_of(EXAMPLE.rest("BIND")), ZONE)
    assert found == {(ZONE, "NS"): found[ZONE, "NS"], **meant}
