use std::collections::BTreeMap;

use contracts::registration::{Question, QuestionKind};
use platform::http::{Text, is_blank};
use serde::{Deserialize, Serialize};

/// Characters of an answer.
const LONGEST: usize = 500;

/// What somebody answered to the organiser's questions, by the questions' ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers(BTreeMap<String, Value>);

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Consent(bool),
    Text(String),
}

/// An answer that will not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// To which question.
    pub question: String,
    /// Whether there is none at all.
    pub missing: bool,
    /// What would do.
    pub detail: String,
}

impl Answers {
    /// Whether nothing was answered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with the answers to these questions; empty if they will do. A blank text is no answer, and a consent is a no unless it
    /// says yes.
    pub fn faults(&self, questions: &[Question]) -> Vec<Fault> {
        let known = questions.iter().filter_map(|question| {
            let (missing, detail) = self.fault(question)?;
            Some(Fault { question: question.id.clone(), missing, detail })
        });
        let unknown = self.0.keys().filter(|id| questions.iter().all(|question| question.id != **id));
        known
            .chain(unknown.map(|id| Fault {
                question: id.chars().take(40).collect(),
                missing: false,
                detail: "is not asked".to_owned(),
            }))
            .collect()
    }

    /// Whether each question that needs an answer has one.
    pub fn suffice(&self, questions: &[Question]) -> bool {
        questions.iter().all(|question| self.fault(question).is_none_or(|(missing, _)| !missing))
    }

    fn fault(&self, question: &Question) -> Option<(bool, String)> {
        let missing = |detail: &str| question.required.then(|| (true, detail.to_owned()));
        match (question.kind, self.0.get(&question.id)) {
            (QuestionKind::Consent, Some(Value::Consent(true))) => None,
            (QuestionKind::Consent, None | Some(Value::Consent(false))) => missing("has to be agreed to"),
            (QuestionKind::Consent, Some(Value::Text(_))) => Some((false, "must be true or false".to_owned())),
            (QuestionKind::Text | QuestionKind::Choice, None) => missing("needs an answer"),
            (QuestionKind::Text | QuestionKind::Choice, Some(Value::Consent(_))) => {
                Some((false, "must be a text".to_owned()))
            }
            (QuestionKind::Text | QuestionKind::Choice, Some(Value::Text(text))) if is_blank(text) => {
                missing("needs an answer")
            }
            (QuestionKind::Text, Some(Value::Text(text))) => {
                Text::<LONGEST>::parse(text).err().map(|error| (false, error.to_string()))
            }
            (QuestionKind::Choice, Some(Value::Text(text))) => {
                (!question.options.contains(text)).then(|| (false, "must be one of the options".to_owned()))
            }
        }
    }

    /// The answer to a question as a table shows it.
    pub fn shown(&self, question: &str) -> String {
        match self.0.get(question) {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Consent(true)) => "yes".to_owned(),
            Some(Value::Consent(false)) => "no".to_owned(),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn question(id: &str, kind: QuestionKind, required: bool) -> Question {
        let options = if kind == QuestionKind::Choice { vec!["Meat".to_owned(), "Vegan".to_owned()] } else { vec![] };
        Question { id: id.to_owned(), kind, label: id.to_owned(), required, options }
    }

    fn faults(answers: &serde_json::Value, questions: &[Question]) -> Vec<(String, bool)> {
        let answers: Answers = serde_json::from_value(answers.clone()).unwrap();
        answers.faults(questions).into_iter().map(|it| (it.question, it.missing)).collect()
    }

    #[test]
    fn what_cannot_be_seen_is_no_answer_and_what_cannot_be_stored_will_not_do() {
        let text = [question("q", QuestionKind::Text, true)];
        assert_eq!(faults(&json!({ "q": "\u{200b} " }), &text), [("q".to_owned(), true)]);
        assert_eq!(faults(&json!({ "q": "a\u{0}" }), &text), [("q".to_owned(), false)]);
        assert_eq!(faults(&json!({ "q": "two\nlines" }), &text), []);
    }

    #[test]
    fn what_is_required_has_to_be_there_and_what_is_there_has_to_fit() {
        let questions = [
            question("name", QuestionKind::Text, true),
            question("meal", QuestionKind::Choice, true),
            question("photos", QuestionKind::Consent, true),
            question("note", QuestionKind::Text, false),
        ];
        let good = json!({ "name": "Ada", "meal": "Vegan", "photos": true });
        assert_eq!(faults(&good, &questions), []);
        let missing = [("name".to_owned(), true), ("meal".to_owned(), true), ("photos".to_owned(), true)];
        assert_eq!(faults(&json!({}), &questions), missing);
        assert_eq!(faults(&json!({ "name": " ", "meal": "", "photos": false }), &questions), missing);
        let wrong = json!({ "name": "x".repeat(501), "meal": "Fish", "photos": "yes", "note": true, "other": "x" });
        let all = ["name", "meal", "photos", "note", "other"].map(|it| (it.to_owned(), false));
        assert_eq!(faults(&wrong, &questions), all);
    }

    #[test]
    fn whoever_answered_before_a_question_was_added_owes_an_answer_only_where_it_is_required() {
        let answers: Answers = serde_json::from_value(json!({ "gone": "x" })).unwrap();
        assert!(answers.suffice(&[question("note", QuestionKind::Text, false)]));
        assert!(!answers.suffice(&[question("note", QuestionKind::Text, true)]));
    }
}
