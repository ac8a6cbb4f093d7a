"""Alembic runs this for one plugin's history, on the connection and with the filters that `pegboard.migrations` hands over."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes

context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["metadata"],
    version_table=attributes["version_table"],
    include_name=attributes["include_name"],
    include_object=attributes["include_object"],
    process_revision_directives=attributes.get("process_revision_directives"),
    render_item=attributes["render_item"],
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
