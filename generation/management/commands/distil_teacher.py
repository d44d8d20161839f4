from generation.management.stage_command import StageCommand
from generation.models import Stage


class Command(StageCommand):
    help = "Let the teacher write the explanations a student learns from."
    stage = Stage.DISTIL_TEACHER
