"""The shipped texts in English."""

from annotation.design.criteria import CriterionText, LevelExample, Wording

EXAMPLE_CASE = (
    "The examples are about films, whatever the items of this study are. All are about one person, who watched "
    "Alien (1979), Blade Runner (1982), The Thing (1982), "
    "Gattaca (1997) and Moon (2009), and is recommended Ex Machina (2014)."
)

PERSUASIVENESS = CriterionText(
    key="persuasiveness",
    name="Persuasiveness",
    definition="How likely the explanation is to convince this person to choose the recommended item.",
    question="How likely is this explanation to convince the person to choose the recommended item?",
    labels=("Not at all", "Slightly", "Somewhat", "Likely", "Very likely"),
    examples=(
        LevelExample("Ex Machina is a film. You may watch it.", "Gives no reason at all."),
        LevelExample(
            "Ex Machina is quite popular, so you might like it.",
            "One reason, and it is the same for everybody.",
        ),
        LevelExample(
            "Ex Machina is science fiction about artificial intelligence, and you have seen science "
            "fiction before.",
            "A reason that fits, but it stays flat: nothing makes one want to see this film rather than "
            "another.",
        ),
        LevelExample(
            "If the quiet dread of Moon held you, Ex Machina builds the same tension with three people and "
            "one house.",
            "Says what the person would get out of it, with one strong link.",
        ),
        LevelExample(
            "Blade Runner asked who counts as human, and Moon left one man alone with the answer. Ex "
            "Machina locks you "
            "in a room with that question and lets it talk back.",
            "Specific and vivid; this person would find it hard not to look it up.",
        ),
    ),
)

PERSONALIZATION = CriterionText(
    key="personalization",
    name="Personalization",
    definition="How closely the explanation is tailored to this person's own history.",
    question="How clearly is this explanation about this person's history?",
    labels=("Generic", "Mostly generic", "Partly tailored", "Tailored", "Clearly this person's"),
    examples=(
        LevelExample(
            "A gripping film with great actors and a clever script.", "Fits any person and almost any film."
        ),
        LevelExample(
            "A good choice for people who enjoy science fiction.",
            "Names a taste the history has, but as wide as a shelf in a shop.",
        ),
        LevelExample(
            "Since you have watched Alien and The Thing, you may enjoy this science fiction film as well.",
            "Names films of the history, without saying what in them leads to this one.",
        ),
        LevelExample(
            "You like science fiction that stays in closed places, as in Alien and The Thing; this film "
            "rarely leaves a house.",
            "Says what several films of the history share and finds it in the recommended one.",
        ),
        LevelExample(
            "From Blade Runner through Gattaca to Moon you return to films that ask what makes a person, "
            "told with few "
            "people and little noise: Ex Machina is that film with three characters and a machine.",
            "Reads the history as a whole; it would be wrong for anybody else.",
        ),
    ),
)

FAITHFULNESS = CriterionText(
    key="faithfulness",
    name="Faithfulness",
    definition=(
        "Whether what the explanation says is true of the history and the item shown, and follows from them. "
        "Judge by what is on the page; use no other knowledge of the items."
    ),
    question="How well is what this explanation says grounded in the history and the recommended item?",
    labels=(
        "Contradicts or invents",
        "Mostly ungrounded",
        "Partly grounded",
        "Mostly grounded",
        "Fully grounded",
    ),
    examples=(
        LevelExample(
            "As you loved Toy Story and other family films, this light comedy is for you.",
            "Toy Story is not in the history, and neither person nor film is what is claimed.",
        ),
        LevelExample(
            "You have watched every film of this director, and Alien was his first.",
            "A film of the history is named, but nothing on the page supports what is said of it.",
        ),
        LevelExample(
            "You watched Blade Runner and The Matrix, so this science fiction film should suit you.",
            "The reasoning holds, but one of the two films is not in the history.",
        ),
        LevelExample(
            "You watched Alien, Blade Runner and Moon, your favourite film of all, so more science fiction "
            "makes sense.",
            "Everything is on the page but one small claim: nothing says that Moon is a favourite.",
        ),
        LevelExample(
            "You watched Alien, Blade Runner and Moon, three science fiction films; Ex Machina is another "
            "one.",
            "Every claim can be checked on the page, and the conclusion follows.",
        ),
    ),
)

ONE_BY_ONE = (
    "For each you see the items that person chose before, newest first, the recommended item, and one "
    "explanation. You answer the same questions about every one."
)
BEGIN = {
    "paired": ONE_BY_ONE,
    "latin": ONE_BY_ONE,
    "side_by_side": (
        "For each recommendation you see the items that person chose before, newest first, the recommended item, "
        "and several explanations side by side. You answer the same questions about every one of them."
    ),
}
EACH = {
    "paired": (
        "Judge every explanation for itself. You will meet the same person and item more than once, with different "
        "explanations; do not try to remember or to compare your earlier marks."
    ),
    "latin": (
        "Judge every explanation for itself, by the words of the scale. Do not compare it with those you met before, "
        "and do not try to remember your earlier marks."
    ),
    "side_by_side": (
        "Judge every explanation by the words of the scale. Several that stand side by side may deserve the same mark, "
        "and none has to be the best. Their order says nothing."
    ),
}

GUIDELINES = f"""\
You will read short explanations of why an item was recommended to a person. {{begin}}

Use only what is on the page. Do not look items up, and set aside what you know or think of them: the \
question is never whether the item is good, but what the explanation does with this history.

{{each}}

Use the whole scale. Each point has its own word, and an example below that deserves it. The middle is a \
mark like the others and does not mean "I do not know": if you cannot judge, say so and say why.

Length is no merit. A short explanation can deserve 5, and a long one 1.

Take your time, and pause when you are tired. You can go back and change a mark for as long as the study \
is open. Please do not talk about the explanations with others who take part until the study is closed.

{EXAMPLE_CASE}
"""

CONSENT = """\
You are invited to take part in a study of how well explanations of recommendations are written.

What you do: you read the instructions, practise on a few examples with feedback, and then rate \
explanations. You can stop at any time, without giving a reason, and come back later on any device.

What is kept: your marks, the time each took, and your answers in practice. In all results you appear as \
a number. Your name and e-mail address are seen by the owner of the study alone and are never published \
or exported with the marks.

Your choice: taking part is voluntary. You may withdraw your consent at any time, also after the study is closed, \
under My studies: from then on none of your marks is counted, and you may ask that they be erased.

By going on you confirm that you have read this, that you are of age, and that you agree to take part.
"""

ENGLISH = Wording(
    version="prism-2026-2",
    criteria=(PERSUASIVENESS, PERSONALIZATION, FAITHFULNESS),
    begin=BEGIN,
    each=EACH,
    guidelines=GUIDELINES,
    consent=CONSENT,
    checks_after="on any device.",
    checks_told=" A few pages check that texts are read, and some texts may come again.",
)
