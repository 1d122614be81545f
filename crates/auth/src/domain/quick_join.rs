use std::{borrow::Cow, collections::BTreeMap, fmt};

use contracts::EventId;
use platform::{http::Text, problem::Problem};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type},
};

/// Answers that an event may ask for at most.
const MOST_ANSWERS: usize = 10;
/// Octets of an intention, as JSON.
const MAX_OCTETS: usize = 8 * 1024;

/// A person and their guests: 1 to 10 people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct PartySize(i32);

impl Default for PartySize {
    fn default() -> Self {
        Self(1)
    }
}

impl TryFrom<i64> for PartySize {
    type Error = &'static str;

    fn try_from(people: i64) -> Result<Self, &'static str> {
        match i32::try_from(people) {
            Ok(people @ 1..=10) => Ok(Self(people)),
            _ => Err("must be a whole number from 1 to 10"),
        }
    }
}

/// One answer to a question of an event's.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a question about consent.
    Consent(bool),
    /// In the person's words, or one of the options; at most 500 characters.
    Words(Text<500>),
}

impl PartialSchema for Answer {
    fn schema() -> RefOr<Schema> {
        let words = ObjectBuilder::new().schema_type(Type::String).max_length(Some(500));
        let consent = ObjectBuilder::new().schema_type(Type::Boolean);
        OneOfBuilder::new()
            .item(words)
            .item(consent)
            .description(Some("One answer to a question of an event's."))
            .into()
    }
}

impl ToSchema for Answer {
    fn name() -> Cow<'static, str> {
        "QuickJoinAnswer".into()
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl de::Visitor<'_> for Reader {
            type Value = Answer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, true or false")
            }

            fn visit_bool<E>(self, it: bool) -> Result<Answer, E> {
                Ok(Answer::Consent(it))
            }

            fn visit_str<E: de::Error>(self, it: &str) -> Result<Answer, E> {
                Text::parse(it).map(Answer::Words).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

/// Answers by the question's id; at most 10. Which questions there are is the event's business: whether they fit is seen when the person
/// joins. Their `Debug` shows nothing.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Answers(BTreeMap<String, Answer>);

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers(…)")
    }
}

impl<'de> Deserialize<'de> for Answers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let answers = BTreeMap::<String, Answer>::deserialize(deserializer)?;
        if answers.len() > MOST_ANSWERS {
            return Err(de::Error::custom("must be at most 10 answers"));
        }
        let is_id = |id: &String| {
            (1..=40).contains(&id.len()) && id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        if !answers.keys().all(is_id) {
            return Err(de::Error::custom("must be named by the ids of questions: 1 to 40 of a-z, 0-9 and _"));
        }
        Ok(Self(answers))
    }
}

/// What somebody wants a place for, until they have shown that the address is theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = QuickJoinIntention)]
pub struct Intention {
    /// At which event.
    pub event_id: EventId,
    /// The person and their guests.
    #[schema(value_type = i32, minimum = 1, maximum = 10, example = 2)]
    pub party_size: PartySize,
    /// How many of them come at least, if there is no room for all; `null` is all or nobody.
    #[schema(required, value_type = Option<i32>, minimum = 1, maximum = 10, example = 1)]
    pub at_least: Option<PartySize>,
    /// To the event's questions, by their ids.
    #[schema(value_type = BTreeMap<String, Answer>, example = json!({ "meal": "Vegan", "photos": true }))]
    pub answers: Answers,
}

impl Intention {
    /// Checks what no field can tell alone.
    ///
    /// # Errors
    /// A problem that names the field.
    pub fn checked(self) -> Result<Self, Problem> {
        if self.at_least.is_some_and(|least| least > self.party_size) {
            return Err(Problem::invalid("at_least", "must not be more than party_size"));
        }
        let octets = serde_json::to_vec(&self).map_err(|error| Problem::internal(&error))?.len();
        if octets > MAX_OCTETS {
            return Err(Problem::invalid("answers", "must not be longer than 8 kB altogether"));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(answers: &Value) -> Result<Answers, String> {
        serde_json::from_value(answers.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn answers_are_texts_and_consents_by_question() {
        for good in [json!({}), json!({ "meal": "Vegan", "photos": false, "q_1": "" }), json!({ "x": "a\nb" })] {
            assert_eq!(serde_json::to_value(read(&good).unwrap()).unwrap(), good);
        }
        let many: serde_json::Map<_, _> = (0..11).map(|n| (format!("q{n}"), json!(true))).collect();
        for bad in [
            json!([]),
            json!({ "meal": null }),
            json!({ "meal": 5 }),
            json!({ "meal": ["Vegan"] }),
            json!({ "meal": { "x": 1 } }),
            json!({ "meal": "x".repeat(501) }),
            json!({ "meal": "a\u{202e}b" }),
            json!({ "meal": "a\0b" }),
            json!({ "": true }),
            json!({ "Meal": true }),
            json!({ "x".repeat(41): true }),
            Value::Object(many),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_intention_is_bounded_as_a_whole() {
        let intention = |answers: Value, at_least: Option<i64>| Intention {
            event_id: EventId::new(chrono::DateTime::UNIX_EPOCH),
            party_size: PartySize::try_from(2).unwrap(),
            at_least: at_least.map(|people| PartySize::try_from(people).unwrap()),
            answers: read(&answers).unwrap(),
        };
        let field =
            |intention: Intention| intention.checked().map(drop).map_err(|it| it.document().errors[0].field.clone());
        assert_eq!(field(intention(json!({}), Some(2))), Ok(()));
        assert_eq!(field(intention(json!({}), Some(3))), Err("at_least".to_owned()));
        let long: serde_json::Map<_, _> = (0..10).map(|n| (format!("q{n}"), json!("ü".repeat(410)))).collect();
        assert_eq!(field(intention(Value::Object(long), None)), Err("answers".to_owned()));
    }
}
