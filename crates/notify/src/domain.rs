//! The rules of mail: what there is to say, when it is tried again, and when it is not worth saying any more.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    auth::{Locale, MailedToken},
    events::{EventSnapshot, EventStatus, TimeAndPlace},
};
use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// What a mail is about; names its template.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[$doc])* $variant),+ }

        impl Kind {
            pub const ALL: &[Kind] = &[$(Kind::$variant),+];
            pub const NAMES: &[&str] = &[$($name),+];

            /// The name in the database and among the templates.
            pub const fn as_str(self) -> &'static str {
                match self { $(Kind::$variant => $name),+ }
            }
        }
    };
}

kinds! {
    /// Prove your address.
    Verification = "verification",
    /// Choose a new password.
    PasswordReset = "password_reset",
    /// The password was changed.
    PasswordChanged = "password_changed",
    /// Somebody registered with your address.
    RegistrationAttempted = "registration_attempted",
    /// You are in.
    JoinConfirmed = "join_confirmed",
    /// You are in, from the line.
    JoinPromoted = "join_promoted",
    /// You are in the line.
    JoinWaitlisted = "join_waitlisted",
    /// Time or place has changed.
    EventChanged = "event_changed",
    /// It will not take place.
    EventCancelled = "event_cancelled",
}

impl FromStr for Kind {
    type Err = Unreadable;

    fn from_str(name: &str) -> Result<Self, Unreadable> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name).ok_or(Unreadable::Kind)
    }
}

/// A row that another version of the program wrote.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("this version does not know this kind of mail")]
    Kind,
    #[error("this version cannot read what the mail says: {0}")]
    Details(serde_json::Error),
    #[error("this version cannot read the event: {0}")]
    Event(serde_json::Error),
}

/// What a message says beyond who and which event.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Goes into the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<MailedToken>,
    /// People, the recipient among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party_size: Option<i32>,
    /// In the line; 1 is its head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<i32>,
    /// Whether the recipient has, or had until now, a place rather than a place in the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_place: Option<bool>,
    /// What was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<TimeAndPlace>,
    /// What it was changed to. The event itself may have moved on since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<TimeAndPlace>,
}

/// An event as mails and calendars tell of it.
#[derive(Clone, Debug)]
pub struct KnownEvent {
    pub snapshot: EventSnapshot,
    /// When this version came to be.
    pub changed_at: DateTime<Utc>,
    /// The organiser's words, once it is cancelled.
    pub cancel_reason: Option<String>,
}

/// A mail, read.
#[derive(Clone, Debug)]
pub struct Letter {
    pub kind: Kind,
    pub to_name: String,
    pub locale: Locale,
    pub details: Details,
    pub event: Option<KnownEvent>,
    pub created_at: DateTime<Utc>,
    /// When the link stops working.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What has become of the place that a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Confirmed,
    Waitlisted,
    /// Given up, or replaced by a later join.
    Ended,
}

impl Letter {
    /// Why it must not go out any more, if so.
    ///
    /// The first try goes out in the order of what happened, so that each mail is followed by the one that overtakes it. One that is
    /// tried again may come after that, and would be wrong. A link that has stopped working is no use at any time.
    pub fn overtaken(&self, attempts: i32, standing: Option<Standing>, now: DateTime<Utc>) -> Option<&'static str> {
        if self.expires_at.is_some_and(|end| end <= now) {
            return Some("its link has stopped working");
        }
        let event = self.event.as_ref().filter(|_| attempts > 0)?;
        let cancelled = event.snapshot.status == EventStatus::Cancelled;
        let holds = match self.kind {
            Kind::JoinConfirmed | Kind::JoinPromoted => standing == Some(Standing::Confirmed),
            Kind::JoinWaitlisted => standing == Some(Standing::Waitlisted),
            Kind::EventChanged => {
                standing != Some(Standing::Ended)
                    && self.details.after.as_ref().is_none_or(|after| *after == time_and_place(&event.snapshot))
            }
            _ => return None,
        };
        if cancelled {
            Some("the event has been cancelled since")
        } else if holds {
            None
        } else {
            Some("it is not true any more")
        }
    }
}

pub fn time_and_place(event: &EventSnapshot) -> TimeAndPlace {
    TimeAndPlace {
        starts_at_local: event.starts_at_local,
        ends_at_local: event.ends_at_local,
        timezone: event.timezone.clone(),
        venue: event.venue.clone(),
    }
}

/// After so many tries, with the pauses below about a day, a mail counts as failed and waits for an operator.
pub const MAX_ATTEMPTS: i32 = 15;
/// The longest pause between two tries of one mail.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(4);

/// When to try again what has been tried `attempts` times: half a minute, then twice as long each time up to four hours, ± 20 %;
/// `None` after the last. `jitter` is in `0.0..1.0`.
pub fn next_attempt(attempts: i32, now: DateTime<Utc>, jitter: f64) -> Option<DateTime<Utc>> {
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    let doublings = attempts.clamp(1, 12) - 1;
    let pause = TimeDelta::seconds(30 << doublings).min(LONGEST_PAUSE);
    let percent = 80.0 + 40.0 * jitter;
    #[expect(clippy::cast_possible_truncation, reason = "80 to 120")]
    Some(now + pause * (percent as i32) / 100)
}

/// Whether a name can be greeted. Anybody may register anybody's address under any name: what looks like a link, or like an advertisement
/// for one, is not carried to strangers.
pub fn is_greetable(name: &str) -> bool {
    let domain = |word: &str| {
        word.split_once('.').is_some_and(|(before, after)| {
            before.chars().next_back().is_some_and(char::is_alphanumeric)
                && after.chars().take(2).filter(|it| it.is_alphanumeric()).count() == 2
        })
    };
    let length = name.chars().count();
    (1..=60).contains(&length)
        && !name.contains(['/', '@', '\\', '<', '>', '%'])
        && !name.chars().any(char::is_control)
        && !name.to_lowercase().contains("www.")
        && !name.split_whitespace().any(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_four_hours_and_end_after_about_a_day() {
        let start = DateTime::UNIX_EPOCH;
        let pause = |attempts| next_attempt(attempts, start, 0.5).map(|at| (at - start).num_seconds());
        assert_eq!([pause(1), pause(2), pause(3)], [Some(30), Some(60), Some(120)]);
        assert_eq!([pause(10), pause(14)], [Some(14_400), Some(14_400)]);
        assert_eq!([pause(15), pause(16)], [None, None]);
        let whole: i64 = (1..MAX_ATTEMPTS).filter_map(pause).sum();
        assert!((20..=26).contains(&(whole / 3600)), "{whole} seconds");
        let (least, most) = (next_attempt(1, start, 0.0).unwrap(), next_attempt(1, start, 0.999).unwrap());
        assert!(least == start + TimeDelta::seconds(24) && most <= start + TimeDelta::seconds(36));
    }

    #[test]
    fn names_are_greeted_and_advertisements_are_not() {
        for name in
            ["Ada", "Jörg von der Heide", "J.R. Smith", "Dr. Ng", "李小龙", "Zoë O'Neil", "Mr. T", "A. B. Çelik"]
        {
            assert!(is_greetable(name), "{name}");
        }
        for name in [
            "",
            "Win now at evil.example",
            "https://evil.example",
            "WWW. evil",
            "evil。example/x",
            "write to me@evil.example",
            "<b>Ada</b>",
            "a\nb.example",
            "line\nbreak",
        ] {
            assert!(!is_greetable(name), "{name}");
        }
        assert!(!is_greetable(&"long ".repeat(20)));
    }

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse::<Kind>().unwrap(), *kind);
        }
        assert!("join_offered".parse::<Kind>().is_err());
    }
}
