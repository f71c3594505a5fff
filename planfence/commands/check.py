"""``planfence check``: every error of a document at once."""

from __future__ import annotations

import click

from planfence.app import FILE, App, Command, Result, shared_options

# The names of plans.schema.DOCUMENTS, and the two kinds of file that people write. They stand here
# because help must not import the documents; a test compares them.
NAMES = (
    *"approval entry health hold lease mark mirror pin plan pointer pools rejection".split(),
    *("settings", "tombstone", "zone"),
    *("desired-state", "config"),
)


@click.command("check", cls=Command, short_help="Every error of a file at once. Reads only.")
@click.argument("files", type=FILE, metavar="FILE...", nargs=-1, required=True)
@click.option("--as", "name", type=click.Choice(NAMES), metavar="NAME", help="what the files are")
@click.option("--zone", metavar="NAME", help="the zone; default for YAML: the file's stem")
@click.option(
    "--escaped-semicolons/--no-escaped-semicolons",
    default=None,
    help="whether YAML writes ; as \\; in TXT values",
)
@shared_options
@click.pass_obj
def command(
    app: App,
    /,
    *,
    files: tuple[str, ...],
    name: str | None,
    zone: str | None,
    escaped_semicolons: bool | None,
) -> Result:
    """Check files as strictly as planfence reads them. Only reads.

    Lists every error with its line and its path, and the rule that it breaks. Needs no
    planfence.toml and no stores. FILE is one of
      *.json        a document that its own field "schema" names, or --as NAME
      *.yaml, *.yml octoDNS zone YAML, the desired state of a zone (desired-state)
      *.pools.yaml  the capacity pools of a zone (pools)
      *.toml        a planfence.toml (config)
      -             stdin: a document, or what --as NAME says

    NAME is approval, entry, health, hold, lease, mark, mirror, pin, plan, pointer, pools,
    rejection, settings, tombstone, zone, desired-state or config.

    What only a stream can tell is not checked: lineage, approvals, digests of attachments.

    Exit codes: 0 all are accepted; 3 one is refused; 5 one cannot be read.

    Examples: planfence check zones/example.com.yaml planfence.toml
              planfence check .planfence/archive/streams/dns/example.com/plans/*.json
    """
    from planfence.checking import Wanted, check_files

    return check_files(app, files, Wanted(name, zone, escaped_semicolons))
