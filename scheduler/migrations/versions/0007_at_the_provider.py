"""What the provider still keeps of a text

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-22 17:50:00.000000
"""

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
