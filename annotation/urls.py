from django.urls import URLPattern, path

from annotation.views import calibration, crowd, guess, inviting, journey, marks, planner, rating, studies

app_name = "annotation"
urlpatterns: list[URLPattern] = [
    # annotators
    path("join/<slug:token>/", journey.join, name="join"),
    path("rate/", journey.my_studies, name="my-studies"),
    path("rate/signed-in/", journey.signed_in, name="signed-in"),
    path("rate/<int:study_id>/", rating.rate, name="rate"),
    path("rate/<int:study_id>/consent/", journey.consent, name="consent"),
    path("rate/<int:study_id>/declined/", crowd.declined, name="declined"),
    path("rate/<int:study_id>/guidelines/", journey.guidelines, name="guidelines"),
    path("rate/<int:study_id>/calibration/", calibration.calibration, name="calibration"),
    path("rate/<int:study_id>/calibration/<slug:token>/", calibration.practice, name="practice"),
    path("rate/<int:study_id>/calibration/<slug:token>/feedback/", calibration.feedback, name="feedback"),
    path("rate/<int:study_id>/gate/", journey.gate, name="gate"),
    path("rate/<int:study_id>/card/<slug:token>/", rating.card, name="card"),
    path("rate/<int:study_id>/card/<slug:token>/mark/", rating.mark, name="mark"),
    path("rate/<int:study_id>/guess/", guess.guess, name="guess"),
    path("rate/<int:study_id>/withdraw/", journey.withdraw, name="withdraw"),
    path("rate/<int:study_id>/finish/", journey.finish, name="finish"),
    # owners
    path("studies/", studies.studies, name="studies"),
    path("studies/planner/", planner.planner, name="study-planner"),
    path("studies/new/", studies.study_new, name="study-new"),
    path("studies/new/file/", studies.study_upload, name="study-upload"),
    path("studies/<int:study_id>/", studies.study, name="study"),
    path("studies/<int:study_id>/edit/", studies.study_edit, name="study-edit"),
    path("studies/<int:study_id>/criteria/<slug:key>/", studies.study_criterion, name="study-criterion"),
    path("studies/<int:study_id>/open/", studies.study_open, name="study-open"),
    path("studies/<int:study_id>/discard/", studies.study_discard, name="study-discard"),
    path("studies/<int:study_id>/amend/", studies.study_amend, name="study-amend"),
    path("studies/<int:study_id>/close/", studies.study_close, name="study-close"),
    path("studies/<int:study_id>/unblind/", studies.study_unblind, name="study-unblind"),
    path("studies/<int:study_id>/calibration/", studies.study_calibration, name="study-calibration"),
    path(
        "studies/<int:study_id>/calibration/file/",
        studies.study_calibration_file,
        name="study-calibration-file",
    ),
    path("studies/<int:study_id>/invitations/", inviting.study_invitations, name="study-invitations"),
    path("studies/<int:study_id>/invitations/list/", inviting.study_invite_list, name="study-invite-list"),
    path("studies/<int:study_id>/invitations/crowd/", inviting.study_crowd_link, name="study-crowd-link"),
    path("studies/<int:study_id>/invitations/return/", inviting.study_let_return, name="study-let-return"),
    path(
        "studies/<int:study_id>/invitations.csv",
        inviting.study_invitations_file,
        name="study-invitations-file",
    ),
    path(
        "studies/<int:study_id>/invitations/<int:invitation_id>/revoke/",
        inviting.study_revoke,
        name="study-revoke",
    ),
    path("studies/<int:study_id>/exclude/", marks.study_exclude, name="study-exclude"),
    path("studies/<int:study_id>/ratings.<slug:form>", marks.study_ratings, name="study-ratings"),
    path("studies/<int:study_id>/erase/<int:enrolment_id>/", marks.study_erase, name="study-erase"),
    path("studies/<int:study_id>/monitor/", marks.study_monitor, name="study-monitor"),
]
