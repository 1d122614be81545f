//! How people come to a place at an event: what its organiser decides, as `events` keeps it and `joins` applies it.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The rules of an event's registration. The default is what most events want: open to everybody until the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[schema(as = EventRegistration)]
pub struct Registration {
    /// Who may come.
    #[schema(required)]
    pub access: Access,
    /// The largest party, the person included: 1 to 10.
    #[schema(required, minimum = 1, maximum = 10, example = 4)]
    pub party_limit: i32,
    /// What the clocks at the venue show when registration opens; `null` is from publication on.
    #[schema(required, value_type = Option<String>, example = "2026-06-01T10:00:00")]
    pub opens_at_local: Option<NaiveDateTime>,
    /// The same as an instant.
    #[schema(required)]
    pub opens_at: Option<DateTime<Utc>>,
    /// What the clocks at the venue show when registration closes; `null` is at the start.
    #[schema(required, value_type = Option<String>, example = "2026-06-30T18:00:00")]
    pub closes_at_local: Option<NaiveDateTime>,
    /// The same as an instant.
    #[schema(required)]
    pub closes_at: Option<DateTime<Utc>>,
    /// How often a party in the line that does not fit may be passed by a smaller one behind it, before places are kept for it: 0 to 20.
    #[schema(required, minimum = 0, maximum = 20, example = 3)]
    pub passes: i32,
    /// Hours before the start from which on a place that frees is offered to the line, not given: 0 (never) to 720.
    #[schema(required, minimum = 0, maximum = 720, example = 24)]
    pub offer_hours: i32,
    /// How many minutes somebody has to accept an offer: 5 to 2880. When less is left until the start, free places go to whoever claims
    /// them first.
    #[schema(required, minimum = 5, maximum = 2880, example = 120)]
    pub offer_minutes: i32,
    /// Hours before the start at which everybody with a place is asked whether they still come; `null` is never. Half of the time is left
    /// to answer, and places without an answer are released. 2 to 720.
    #[schema(required, minimum = 2, maximum = 720, example = 48)]
    pub reconfirm_hours: Option<i32>,
    /// Asked of everybody who joins; at most 10.
    #[schema(required)]
    pub questions: Vec<Question>,
}

/// Who may come to an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// Whom the organiser approves. The exact address is shown to those with a place only.
    Approval,
    /// Whoever has an invitation.
    Invitation,
}

/// Something that the organiser wants to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Question {
    /// Names it among the event's questions: 1 to 40 of `a-z`, `0-9`, `_`.
    #[schema(example = "meal")]
    pub id: String,
    /// What kind of answer.
    pub kind: QuestionKind,
    /// As people read it; 1 to 300 characters.
    #[schema(example = "What will you eat?")]
    pub label: String,
    /// Whether there is no place without an answer. For a consent: whether it has to be given.
    #[serde(default)]
    #[schema(required)]
    pub required: bool,
    /// What can be chosen, 2 to 20; empty for the other kinds.
    #[serde(default)]
    #[schema(required, example = json!(["Meat", "Vegetarian", "Vegan"]))]
    pub options: Vec<String>,
}

/// What kind of answer a question wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QuestionKind {
    /// A text of at most 500 characters.
    Text,
    /// One of the options.
    Choice,
    /// Yes or no; no unless the person says yes.
    Consent,
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            access: Access::Open,
            party_limit: 10,
            opens_at_local: None,
            opens_at: None,
            closes_at_local: None,
            closes_at: None,
            passes: 3,
            offer_hours: 24,
            offer_minutes: 120,
            reconfirm_hours: None,
            questions: Vec::new(),
        }
    }
}

impl Registration {
    /// Until when free places are given to the line by themselves, of an event that starts at `starts_at`. Hours that pass, whatever the
    /// clocks show.
    pub fn cutoff(&self, starts_at: DateTime<Utc>) -> DateTime<Utc> {
        starts_at - TimeDelta::hours(self.offer_hours.into())
    }

    /// From when on free places go to whoever claims them first; never before the cutoff.
    pub fn open_claim(&self, starts_at: DateTime<Utc>) -> DateTime<Utc> {
        self.cutoff(starts_at).max(starts_at - TimeDelta::minutes(self.offer_minutes.into()))
    }
}
