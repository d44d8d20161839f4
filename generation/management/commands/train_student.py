from generation.management.stage_command import StageCommand
from generation.models import Stage


class Command(StageCommand):
    help = "Train a student on what the teacher wrote."
    stage = Stage.TRAIN_STUDENT
