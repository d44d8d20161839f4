"""REST endpoints of this room: owners run studies, annotators rate. Refusals are those of the pages."""

from django.urls import URLPattern, path

from annotation.api import boards, checks, guess, guesses, inviting, planner, rating, studies, watching

STUDY = "studies/<int:study_id>/"
MINE = "rate/<int:study_id>/"

urlpatterns: list[URLPattern] = [
    path("join/<slug:token>/", rating.JoinView.as_view()),
    path("rate/", rating.MyStudiesView.as_view()),
    path(MINE, rating.JourneyView.as_view()),
    path(f"{MINE}consent/", rating.ConsentView.as_view()),
    path(f"{MINE}withdrawal/", rating.WithdrawalView.as_view()),
    path(f"{MINE}guidelines/", rating.GuidelinesReadView.as_view()),
    path(f"{MINE}calibration/", rating.CalibrationView.as_view()),
    path(f"{MINE}calibration/<slug:token>/", rating.PracticeView.as_view()),
    path(f"{MINE}next/", rating.NextCardView.as_view()),
    path(f"{MINE}cards/<slug:token>/", rating.CardView.as_view()),
    path(f"{MINE}cards/<slug:token>/previous/", rating.PreviousCardView.as_view()),
    path(f"{MINE}cards/<slug:token>/feedback/", rating.CardFeedbackView.as_view()),
    path(f"{MINE}guess/", guess.GuessView.as_view()),
    path(f"{MINE}next-board/", boards.NextBoardView.as_view()),
    path(f"{MINE}boards/<slug:token>/", boards.BoardView.as_view()),
    path(f"{MINE}boards/<slug:token>/previous/", boards.PreviousBoardView.as_view()),
    path(f"{MINE}progress/", rating.ProgressView.as_view()),
    path("planner/", planner.PlannerView.as_view()),
    path("sources/", studies.SourcesView.as_view()),
    path("studies/", studies.StudiesView.as_view()),
    path(STUDY, studies.StudyView.as_view()),
    path(f"{STUDY}criteria/<slug:key>/", studies.CriterionView.as_view()),
    path(f"{STUDY}open/", studies.OpenView.as_view()),
    path(f"{STUDY}blind-check/", studies.BlindCheckView.as_view()),
    path(f"{STUDY}guidelines/", studies.GuidelinesView.as_view()),
    path(f"{STUDY}close/", studies.CloseView.as_view()),
    path(f"{STUDY}unblind/", studies.UnblindView.as_view()),
    path(f"{STUDY}ledger/", studies.LedgerView.as_view()),
    path(f"{STUDY}invitations/", inviting.InvitationsView.as_view()),
    path(f"{STUDY}invitations/list/", inviting.InvitationListView.as_view()),
    path(f"{STUDY}invitations/return/", inviting.ReturnView.as_view()),
    path(f"{STUDY}invitations/<int:invitation_id>/", inviting.InvitationView.as_view()),
    path(f"{STUDY}calibration/", watching.CalibrationSetView.as_view()),
    path(f"{STUDY}calibration/disagreement/", watching.DisagreementView.as_view()),
    path(f"{STUDY}calibration/<slug:token>/", watching.GoldView.as_view()),
    path(f"{STUDY}monitor/", watching.MonitorView.as_view()),
    path(f"{STUDY}checks/", checks.ChecksView.as_view()),
    path(f"{STUDY}guess/", guesses.GuessPlanView.as_view()),
    path(f"{STUDY}kinds/", guesses.KindsView.as_view()),
    path(f"{STUDY}guesses.<slug:form>", guesses.GuessesView.as_view()),
    path(f"{STUDY}ratings.<slug:form>", watching.RatingsView.as_view()),
    path(f"{STUDY}annotators/<int:enrolment_id>/exclusion/", watching.ExclusionView.as_view()),
    path(f"{STUDY}annotators/<int:enrolment_id>/marks/", watching.MarksView.as_view()),
]
