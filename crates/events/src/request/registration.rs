//! How people come to a place, as an organiser enters it.

use std::collections::HashSet;

use contracts::registration::{Access, Question, QuestionKind, Registration};
use platform::{
    http::Line,
    problem::{self, Problem},
};
use serde::{Deserialize, Deserializer, de};
use utoipa::ToSchema;

use super::present;
use crate::domain::{WallClock, Whole};

type Label = Line<300>;
type Choice = Line<100>;

/// Most questions of an event.
const MOST_QUESTIONS: usize = 10;
/// What a choice has to offer.
const OPTIONS: std::ops::RangeInclusive<usize> = 2..=20;
/// Longest name of a question.
const LONGEST_ID: usize = 40;

/// The rules of an event's registration. What is absent takes its default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "access": "approval",
    "party_limit": 4,
    "closes_at_local": "2026-06-30T18:00",
    "questions": [{
        "id": "meal", "kind": "choice", "label": "What will you eat?", "required": true, "options": ["Vegetarian", "Vegan"]
    }]
}))]
pub struct NewRegistration {
    /// Who may come.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Access, required = false, default = "open")]
    access: Option<Access>,
    /// The largest party, the person included.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = i32, required = false, minimum = 1, maximum = 10, default = 10)]
    party_limit: Option<Whole<1, 10>>,
    /// What the clocks at the venue show when registration opens; before the start. `null` is from publication on. As for the start, a
    /// time that the clocks skip is refused, and one that they show twice means the first.
    #[schema(value_type = Option<String>, example = "2026-06-01T10:00")]
    opens_at_local: Option<WallClock>,
    /// What the clocks at the venue show when registration closes; after it opens, and not after the start. `null` is at the start.
    #[schema(value_type = Option<String>, example = "2026-06-30T18:00")]
    closes_at_local: Option<WallClock>,
    /// How often a party in the line that does not fit may be passed by a smaller one behind it, before places are kept for it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = i32, required = false, minimum = 0, maximum = 20, default = 3)]
    passes: Option<Whole<0, 20>>,
    /// Hours before the start from which on a place that frees is offered to the line, not given; 0 is never.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = i32, required = false, minimum = 0, maximum = 720, default = 24)]
    offer_hours: Option<Whole<0, 720>>,
    /// How many minutes somebody has to accept an offer.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = i32, required = false, minimum = 5, maximum = 2880, default = 120)]
    offer_minutes: Option<Whole<5, 2880>>,
    /// Hours before the start at which everybody with a place is asked whether they still come; `null` is never.
    #[schema(value_type = Option<i32>, minimum = 2, maximum = 720, example = 48)]
    reconfirm_hours: Option<Whole<2, 720>>,
    /// Asked of everybody who joins; at most 10, each with an id of its own.
    #[serde(default)]
    #[schema(value_type = Vec<NewQuestion>, required = false, max_items = 10)]
    questions: Questions,
}

/// Something that the organiser wants to know.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuestion {
    /// Names it among the event's questions, for ever: answers are kept by it.
    #[schema(value_type = String, pattern = "^[a-z0-9_]{1,40}$", example = "meal")]
    id: QuestionId,
    /// What kind of answer.
    kind: QuestionKind,
    /// As people read it; one line, 1 to 300 characters.
    #[schema(value_type = String, min_length = 1, max_length = 300, example = "What will you eat?")]
    label: Label,
    /// Whether there is no place without an answer. For a consent: whether it has to be given.
    #[serde(default)]
    required: bool,
    /// What can be chosen: 2 to 20 different lines of 1 to 100 characters. Empty for the other kinds.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 20, example = json!(["Vegetarian", "Vegan"]))]
    options: Options,
}

impl NewRegistration {
    /// The rules as they were decided, without the instants that follow from the event's time.
    pub fn rules(self) -> Result<Registration, Problem> {
        let default = Registration::default();
        Ok(Registration {
            access: self.access.unwrap_or(default.access),
            party_limit: self.party_limit.map_or(default.party_limit, Whole::get),
            opens_at_local: self.opens_at_local.map(|it| it.0),
            opens_at: None,
            closes_at_local: self.closes_at_local.map(|it| it.0),
            closes_at: None,
            passes: self.passes.map_or(default.passes, Whole::get),
            offer_hours: self.offer_hours.map_or(default.offer_hours, Whole::get),
            offer_minutes: self.offer_minutes.map_or(default.offer_minutes, Whole::get),
            reconfirm_hours: self.reconfirm_hours.map(Whole::get),
            questions: self.questions.asked()?,
        })
    }
}

/// At most [`MOST_QUESTIONS`].
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "Vec<NewQuestion>")]
struct Questions(Vec<NewQuestion>);

impl TryFrom<Vec<NewQuestion>> for Questions {
    type Error = String;

    fn try_from(questions: Vec<NewQuestion>) -> Result<Self, Self::Error> {
        if questions.len() > MOST_QUESTIONS {
            return Err(format!("must be at most {MOST_QUESTIONS} questions"));
        }
        Ok(Self(questions))
    }
}

impl Questions {
    /// The questions, or all that is wrong with one of them beside the others, or with its options.
    fn asked(self) -> Result<Vec<Question>, Problem> {
        let mut ids = HashSet::new();
        let mut problem: Option<Problem> = None;
        let mut wrong = |field: String, detail: String| {
            let so_far = problem.take().unwrap_or_else(|| Problem::new(problem::VALIDATION_FAILED));
            problem = Some(so_far.field(field, "invalid", detail));
        };
        for (n, question) in self.0.iter().enumerate() {
            if !ids.insert(question.id.0.as_str()) {
                wrong(format!("registration.questions[{n}].id"), "is the id of another question as well".to_owned());
            }
            let field = || format!("registration.questions[{n}].options");
            match question.kind {
                QuestionKind::Choice if !OPTIONS.contains(&question.options.0.len()) => {
                    wrong(field(), format!("must be {} to {} lines to choose from", OPTIONS.start(), OPTIONS.end()));
                }
                QuestionKind::Text | QuestionKind::Consent if !question.options.0.is_empty() => {
                    wrong(field(), "must be empty: only of a choice there are some".to_owned());
                }
                _ => {}
            }
        }
        match problem {
            Some(problem) => Err(problem),
            None => Ok(self.0.into_iter().map(NewQuestion::into_question).collect()),
        }
    }
}

impl NewQuestion {
    fn into_question(self) -> Question {
        Question {
            id: self.id.0,
            kind: self.kind,
            label: self.label.into_inner(),
            required: self.required,
            options: self.options.0,
        }
    }
}

/// 1 to [`LONGEST_ID`] of `a-z`, `0-9`, `_`.
#[derive(Debug)]
struct QuestionId(String);

impl<'de> Deserialize<'de> for QuestionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        let fits =
            (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if fits {
            Ok(Self(id))
        } else {
            Err(de::Error::custom(format!("must be 1 to {LONGEST_ID} of the characters a-z, 0-9 and _")))
        }
    }
}

/// Lines, each there once.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "Vec<Choice>")]
struct Options(Vec<String>);

impl TryFrom<Vec<Choice>> for Options {
    type Error = &'static str;

    fn try_from(options: Vec<Choice>) -> Result<Self, Self::Error> {
        let options: Vec<String> = options.into_iter().map(Line::into_inner).collect();
        let different: HashSet<&str> = options.iter().map(String::as_str).collect();
        if different.len() == options.len() { Ok(Self(options)) } else { Err("must not contain the same line twice") }
    }
}
