"""Sixteen people at once on one study: nothing lost, nothing twice, never more than k."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import TransactionTestCase

from annotation.models.card import Card, Placement, Seat
from annotation.models.frozen import StudyFrozen
from annotation.models.rating import Rating, RatingRevision, Submission
from annotation.models.study import Enrolment, Invitation, Study
from annotation.services.claim_placement import claim_placement
from annotation.services.discard_draft import discard_draft
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.fingerprint import fingerprint
from annotation.services.invite import invite
from annotation.services.open_study import open_study
from annotation.services.refusals import NotReady, Refused
from annotation.services.set_gold import set_gold
from tests import builders
from tests.annotation import studies

N = 16


@pytest.mark.database
class SixteenAtOnce(TransactionTestCase):
    def setUp(self) -> None:
        self.olga = builders.user("olga", role="owner")

    def people(self, n: int = N) -> list[User]:
        return [builders.user(f"p{index}", role="annotator") for index in range(n)]

    def at_once(self, act: object, arguments: list) -> list:
        """Call act on every argument in a thread of its own, all let go together."""
        gate = threading.Barrier(len(arguments))

        def one(argument: object) -> object:
            try:
                gate.wait()
                return act(argument)
            finally:
                connection.close()

        with ThreadPoolExecutor(len(arguments)) as pool:
            return list(pool.map(one, arguments))

    def test_everybody_rates_everything_they_are_given(self) -> None:
        study = studies.opened(owner=self.olga, n_cases=8, k=6, n_annotators=12, systems=("Foghorn", "Horn"))
        enrolled = [studies.enrol(study=study, person=person) for person in self.people()]
        # 12 seats of 4 cases for 16 people: four of them must go away empty-handed.
        counts = self.at_once(lambda enrolment: studies.rate_all(enrolment=enrolment), enrolled)
        assert sorted(counts) == [0] * 4 + [8] * 12
        assert Rating.objects.count() == RatingRevision.objects.count() == 8 * 2 * 6 * 3
        assert Submission.objects.count() == 8 * 2 * 6
        raters = Counter(Placement.objects.filter(done_at__isnull=False).values_list("card", flat=True))
        assert raters == dict.fromkeys(
            Card.objects.filter(block__kind="main").values_list("pk", flat=True), 6
        )
        assert Seat.objects.filter(enrolment__isnull=False).count() == 12

    def test_one_person_in_sixteen_tabs_gets_one_seat_and_one_rating(self) -> None:
        study = studies.opened(owner=self.olga)
        enrolment = studies.enrol(study=study, person=builders.user("ada", role="annotator"))
        tokens = set(self.at_once(lambda key: claim_placement(enrolment_id=key), [enrolment.pk] * N))
        assert len(tokens) == 1
        assert Seat.objects.filter(enrolment=enrolment).count() == 1
        token = tokens.pop()
        results = self.at_once(
            lambda key: studies.rate(enrolment=enrolment, token=token, key=key), ["same"] * N
        )
        assert Counter(result.replayed for result in results) == {True: N - 1, False: 1}
        assert Rating.objects.count() == 3
        assert Placement.objects.get(token=token).version == 1

    def test_different_submits_of_one_card_are_all_kept_as_revisions(self) -> None:
        study = studies.opened(owner=self.olga)
        enrolment = studies.enrol(study=study, person=builders.user("ada", role="annotator"))
        token = claim_placement(enrolment_id=enrolment.pk)
        values = [1 + index % 5 for index in range(N)]
        self.at_once(
            lambda pair: studies.rate(enrolment=enrolment, token=token, value=pair[1], key=f"k{pair[0]}"),
            list(enumerate(values)),
        )
        assert Placement.objects.get(token=token).version == N
        assert Submission.objects.count() == N
        for rating in Rating.objects.all():
            numbers = list(rating.revisions.values_list("number", flat=True))
            assert numbers == list(range(1, len(numbers) + 1))
            assert rating.revisions.last().value == rating.value

    def test_whoever_opens_a_draft_freezes_what_others_see(self) -> None:
        for _number in range(4):
            study = studies.draft(owner=self.olga)
            token = Card.objects.filter(study=study, block__kind="calibration").values_list(
                "token", flat=True
            )[0]

            def act(value: int, study: Study = study, token: str = token) -> bool:
                try:
                    if value == 0:
                        open_study(study_id=study.pk, by_id=self.olga.pk)
                    elif value == 6:
                        discard_draft(study_id=study.pk)
                    else:
                        set_gold(study_id=study.pk, card_token=token, marks={"faithfulness": value})
                except (NotReady, Refused, StudyFrozen, Study.DoesNotExist):
                    return False
                return True

            done = self.at_once(act, [1, 2, 0, 3, 4, 6])
            assert done[2] + done[5] == 1  # opened or discarded, never both
            if done[2]:
                assert fingerprint(study.pk) == Study.objects.get(pk=study.pk).frozen_hash

    def test_an_invitation_for_five_lets_five_in(self) -> None:
        study = studies.opened(owner=self.olga)
        token = invite(study_id=study.pk, by_id=self.olga.pk, max_uses=5)

        def join(person: User) -> bool:
            from annotation.services.refusals import InvitationRefused

            try:
                return bool(enrol_annotator(token=token, annotator_id=person.pk))
            except InvitationRefused:
                return False

        assert sum(self.at_once(join, self.people())) == 5
        assert Invitation.objects.get().uses == 5
        assert sorted(Enrolment.objects.values_list("index", flat=True)) == [0, 1, 2, 3, 4]
