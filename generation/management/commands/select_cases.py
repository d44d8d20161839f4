from generation.management.stage_command import StageCommand
from generation.models import Stage


class Command(StageCommand):
    help = "Choose the cases of a corpus: those people may judge and those the student learns from."
    stage = Stage.SELECT_CASES
