from generation.management.stage_command import StageCommand
from generation.models import Stage


class Command(StageCommand):
    help = "Let one system explain the cases."
    stage = Stage.EXPLAIN_CASES
