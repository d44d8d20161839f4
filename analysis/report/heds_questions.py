"""The questions of the Human Evaluation Datasheet 3.0, by number and by the id its form knows them by.

Titles are ours, shorter than the form's; read the form's own words and notes before answering. Source: Belz & Thomson
(2025), HEDS 3.0, GEM; form at https://nlp-heds.github.io.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "one", "many"]
"""`one` and `many`: options, of which one or several are chosen."""


@dataclass(frozen=True, slots=True)
class Question:
    number: str
    id: str
    title: str
    kind: Kind = "text"

    @property
    def of_criterion(self) -> bool:
        """Whether it is asked once a criterion."""
        return self.number.startswith("4.")


PAPER, SAMPLE = "heds-paper_and_resources-", "heds-sample_evaluators_design-sample-"
PEOPLE, DESIGN = (
    "heds-sample_evaluators_design-evaluators-",
    "heds-sample_evaluators_design-experimental_design-",
)
CRITERION = "heds-criteria-criterion"
ASKED, CONTACT = f"{CRITERION}-response_elicitation-", f"{PAPER}names_and_affiliations-"
SECTIONS = {
    "1": "Main reference and resources",
    "2": "Evaluated systems",
    "3": "Sample of outputs, evaluators, design",
    "4": "Quality criteria",
    "5": "Ethics",
}
QUESTIONS = (
    Question("1.1.1", f"{PAPER}paper-link", "Where the experiment is reported", "one"),
    Question("1.1.2", f"{PAPER}paper-experiment_identification", "Which experiment this is"),
    Question("1.2", f"{PAPER}resources-links", "Where its resources are", "one"),
    Question("1.3.1.1", f"{CONTACT}person_completing_this_sheet-name", "Who fills this in: name"),
    Question(
        "1.3.1.2", f"{CONTACT}person_completing_this_sheet-affiliation", "Who fills this in: affiliation"
    ),
    Question("1.3.1.3", f"{CONTACT}person_completing_this_sheet-email", "Who fills this in: email"),
    Question("1.3.2.1", f"{CONTACT}contact_author-name", "Contact author: name"),
    Question("1.3.2.2", f"{CONTACT}contact_author-affiliation", "Contact author: affiliation"),
    Question("1.3.2.3", f"{CONTACT}contact_author-email", "Contact author: email"),
    Question("2.1", "heds-system-input_types", "What the systems take as input", "many"),
    Question("2.2", "heds-system-output_types", "What they put out", "many"),
    Question("2.3", "heds-system-tasks", "Which task they perform", "many"),
    Question("2.4", "heds-system-input_languages", "Languages of the input", "many"),
    Question("2.5", "heds-system-output_languages", "Languages of the output", "many"),
    Question("3.1.1", f"{SAMPLE}number_of_system_outputs", "Outputs evaluated a system"),
    Question("3.1.2", f"{SAMPLE}system_output_selection", "How outputs were selected", "one"),
    Question("3.1.3.1", f"{SAMPLE}statistical_power-method", "Power analysis: method"),
    Question("3.1.3.2", f"{SAMPLE}statistical_power-value", "Power analysis: result"),
    Question("3.1.3.3", f"{SAMPLE}statistical_power-script", "Power analysis: where its code is"),
    Question("3.2.1", f"{PEOPLE}number_of_evaluators", "How many evaluators"),
    Question("3.2.2.1", f"{PEOPLE}evaluators-expertise", "Whether they are experts of the domain", "one"),
    Question("3.2.2.2", f"{PEOPLE}evaluators-payment", "Whether they were paid", "one"),
    Question(
        "3.2.2.3", f"{PEOPLE}evaluators-known_to_authors", "Whether the authors knew any of them", "one"
    ),
    Question("3.2.2.4", f"{PEOPLE}evaluators-are_authors", "Whether researchers were among them", "one"),
    Question("3.2.3", f"{PEOPLE}recruitment_method", "How they were recruited"),
    Question("3.2.4", f"{PEOPLE}training_practice", "Training and practice before the evaluation"),
    Question("3.2.5", f"{PEOPLE}characteristics", "What else is known of them"),
    Question("3.3.1", f"{DESIGN}preregistered", "Whether the design was preregistered", "one"),
    Question("3.3.2", f"{DESIGN}collection_method", "Medium by which responses were collected"),
    Question("3.3.3.1", f"{DESIGN}quality_assurance-method", "Kinds of quality assurance", "many"),
    Question("3.3.3.2", f"{DESIGN}quality_assurance-description", "Quality assurance in detail"),
    Question("3.3.4.1", f"{DESIGN}what_evaluators_see-link", "Where the interface can be seen"),
    Question("3.3.4.2", f"{DESIGN}what_evaluators_see-description", "What evaluators are shown"),
    Question("3.3.5", f"{DESIGN}evaluator_freedom", "When and how fast they evaluate", "many"),
    Question("3.3.6", f"{DESIGN}evaluators_can_ask_questions", "Questions and feedback", "many"),
    Question("3.3.7", f"{DESIGN}experimental_conditions", "Conditions of the evaluation", "one"),
    Question("3.3.8", f"{DESIGN}evaluators_place_of_choosing", "How conditions vary"),
    Question("4.1.1", f"{CRITERION}-criteria-quality_type", "Type of quality", "one"),
    Question("4.1.2", f"{CRITERION}-criteria-output_aspect", "Aspect of the output", "one"),
    Question("4.1.3", f"{CRITERION}-criteria-self_vs_external_frame", "Frame of reference", "one"),
    Question(
        "4.2.1", f"{CRITERION}-evaluation_mode-objective_or_subjective", "Objective or subjective", "one"
    ),
    Question("4.2.2", f"{CRITERION}-evaluation_mode-absolute_or_relative", "Absolute or relative", "one"),
    Question("4.2.3", f"{CRITERION}-evaluation_mode-intrinsic_or_extrinsic", "Intrinsic or extrinsic", "one"),
    Question("4.3.1.1", f"{ASKED}qc_name-participant_criterion_name", "Name evaluators read"),
    Question("4.3.1.2", f"{ASKED}qc_name-mapped_criterion_name", "Its standardised name"),
    Question("4.3.2", f"{ASKED}participant_criterion_definiiton", "Definition evaluators read"),
    Question("4.3.3", f"{ASKED}size_of_scale", "Size of the scale"),
    Question("4.3.4", f"{ASKED}list_or_range", "Values of the scale"),
    Question("4.3.5", f"{ASKED}scale_presented_as", "How the scale is presented", "one"),
    Question("4.3.6", f"{ASKED}task_description", "The task, where there is no scale"),
    Question("4.3.7", f"{ASKED}verbatim_question", "The question, verbatim"),
    Question("4.3.8", f"{ASKED}form_of_response", "Form of response", "one"),
    Question("4.3.9", f"{ASKED}response_aggregation", "How responses become scores"),
    Question("4.3.10", f"{ASKED}effect_size_method", "Effect sizes and significance"),
    Question("4.3.11.1", f"{ASKED}inter_annotator-agreement", "Agreement between annotators: how"),
    Question("4.3.11.2", f"{ASKED}inter_annotator-agreement_score", "Agreement between annotators: how much"),
    Question("4.3.12.1", f"{ASKED}intra_annotator-intra_annotator_agreement", "Agreement with oneself: how"),
    Question(
        "4.3.12.2",
        f"{ASKED}intra_annotator-intra_annotator_agreement_score",
        "Agreement with oneself: how much",
    ),
    Question("5.1", "heds-ethics-review_body", "Which committee approved it"),
    Question("5.2", "heds-ethics-personal_data", "Personal data", "one"),
    Question("5.3", "heds-ethics-special_category_data", "Special categories of data", "one"),
    Question("5.4", "heds-ethics-impact_assessments", "Impact assessments"),
)
