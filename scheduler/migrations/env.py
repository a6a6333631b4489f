"""How Alembic runs the migrations of this app: online, on the app's own engine, inside one transaction."""

from typing import Any

from alembic import context
from flask import current_app

from scheduler.models.types import EncryptedText, Instant, JsonList

database = current_app.extensions["migrate"].db


def render(kind: str, item: Any, autogen: Any) -> str | bool:
    """Encrypted columns are plain bytes to a migration; instants keep their type, which differs by database."""
    if kind == "type" and isinstance(item, EncryptedText):
        return "sa.LargeBinary()"
    if kind == "type" and isinstance(item, Instant):
        autogen.imports.add("from scheduler.models.types import Instant")
        return "Instant()"
    if kind == "type" and isinstance(item, JsonList):
        return "sa.Text()"
    return False


def run() -> None:
    """Run what was asked for, and make no empty migration."""

    def no_empty_ones(_context: Any, _revision: Any, directives: list[Any]) -> None:
        if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
            directives[:] = []

    arguments = {**current_app.extensions["migrate"].configure_args, "process_revision_directives": no_empty_ones}
    with database.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_item=render,
            transaction_per_migration=True,
            **arguments,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
