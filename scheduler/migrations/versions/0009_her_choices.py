"""What she chose from, and who waits for a time

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-22 17:50:00.000000
"""

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
