use chrono::{DateTime, Utc};
use contracts::events::{EventCancelled, EventChanged, EventStatus, EventUnpublished};
use serde_json::json;

use super::{Action, Event, News, Step};

/// What an event says in its own language about an organiser who is not there any more.
struct Words {
    name: &'static str,
    reason: &'static str,
}

const ENGLISH: Words = Words { name: "Deleted account", reason: "The organiser's account was deleted." };
const GERMAN: Words =
    Words { name: "Gelöschtes Konto", reason: "Das Konto der veranstaltenden Person wurde gelöscht." };

impl Event {
    /// The organiser's account is gone. `None` if nobody else has ever seen the event: then it goes, too. Otherwise it stays, without their
    /// name, and is called off if it has not begun: there is nobody to hold it.
    pub fn lose_organiser(&mut self, now: DateTime<Utc>) -> Option<Vec<Step>> {
        if self.status == EventStatus::Draft && self.published_at.is_none() {
            return None;
        }
        let Words { name, reason } = if self.details.language == "de" { GERMAN } else { ENGLISH };
        self.version += 1;
        name.clone_into(&mut self.organiser_name);
        let (version, news) = (self.version, Some(self.as_it_is()));
        let mut steps = vec![Step { version, action: Action::OrganiserRenamed, details: json!({}), news }];
        if self.details.schedule.starts_at > now {
            steps.extend(self.cancel(Some(reason.to_owned()), now)); // unless it has been
        }
        Some(steps)
    }

    /// The same state told again, also of what is over: whoever keeps the name forgets it.
    fn as_it_is(&self) -> News {
        let event = self.snapshot();
        match self.status {
            EventStatus::Draft => News::Unpublished(EventUnpublished { event }),
            EventStatus::Published => News::Changed(EventChanged { event, before: None, overbooking_accepted: false }),
            EventStatus::Cancelled => News::Cancelled(EventCancelled { event, reason: self.cancel_reason.clone() }),
        }
    }
}
