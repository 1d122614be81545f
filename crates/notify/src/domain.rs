//! The rules of mail: what there is to say, when it is tried again, and when it is not worth saying any more.

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    auth::{Locale, MailedToken},
    events::{EventSnapshot, EventStatus, TimeAndPlace, Venue},
    joins::EndReason,
    registration::Access,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// Prove your address, and a place is asked for.
    QuickJoin = "quick_join",
    /// The organiser has to approve.
    JoinRequested = "join_requested",
    /// A place is kept for you.
    JoinOffered = "join_offered",
    /// You are in.
    JoinConfirmed = "join_confirmed",
    /// You are in, from the line.
    JoinPromoted = "join_promoted",
    /// You are in the line.
    JoinWaitlisted = "join_waitlisted",
    /// The place is not kept any more.
    OfferLapsed = "offer_lapsed",
    /// The organiser did not approve.
    JoinRejected = "join_rejected",
    /// The organiser took you out.
    JoinRemoved = "join_removed",
    /// You did not say that you still come.
    NotReconfirmed = "not_reconfirmed",
    /// You owed answers.
    AnswersMissing = "answers_missing",
    /// Do you still come?
    ReconfirmationAsked = "reconfirmation_asked",
    /// Whoever is first has a place.
    PlacesOpen = "places_open",
    /// The organiser's own words.
    OrganiserMessage = "organiser_message",
    /// Time or place has changed.
    EventChanged = "event_changed",
    /// It will not take place.
    EventCancelled = "event_cancelled",
}

impl Kind {
    /// What is said about the end of a join. Nothing to those who ended it themselves; nothing to those who did not come, which they know;
    /// and nothing to an address that is about to be forgotten.
    pub const fn of_end(reason: EndReason) -> Option<Self> {
        match reason {
            EndReason::Left | EndReason::Declined | EndReason::NoShow | EndReason::AccountDeleted => None,
            EndReason::EventCancelled => Some(Self::EventCancelled),
            EndReason::OfferLapsed => Some(Self::OfferLapsed),
            EndReason::Rejected => Some(Self::JoinRejected),
            // That they are banned shows when they try again; a mail need not say it.
            EndReason::Removed | EndReason::Banned => Some(Self::JoinRemoved),
            EndReason::NotReconfirmed => Some(Self::NotReconfirmed),
            EndReason::AnswersMissing => Some(Self::AnswersMissing),
        }
    }

    /// Whether it tells of the end of a join.
    pub const fn is_end(self) -> bool {
        self.withdraws() || matches!(self, Self::EventCancelled | Self::OfferLapsed | Self::JoinRejected)
    }

    /// Whether it takes the event, which does take place, out of the recipient's calendar, if they had a place.
    pub const fn withdraws(self) -> bool {
        matches!(self, Self::JoinRemoved | Self::NotReconfirmed | Self::AnswersMissing)
    }
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

/// What the code of a ticket says. Whoever has it can come in, so its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticket(pub String);

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(…)")
    }
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
    /// Where the recipient's join was, if the mail depends on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// How often the calendar entry has been taken back and given again.
    #[serde(skip_serializing_if = "is_zero")]
    pub revision: i32,
    /// For the entrance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// By when the recipient has to have answered the organiser's questions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers_due: Option<DateTime<Utc>>,
    /// Places that are free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<i32>,
    /// What the organiser writes: about what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What the organiser writes: plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// What was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<TimeAndPlace>,
    /// What it was changed to. The event itself may have moved on since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<TimeAndPlace>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it like this")]
fn is_zero(number: &i32) -> bool {
    *number == 0
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
    pub id: Uuid,
    pub kind: Kind,
    pub to_name: String,
    pub locale: Locale,
    pub details: Details,
    pub event: Option<KnownEvent>,
    pub created_at: DateTime<Utc>,
    /// From when on it is of no use: the link has stopped working, the offer is over.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who wrote it, if a person did, and gets the answers.
    pub from_name: Option<String>,
}

/// Where a join is on its way, which goes one way: in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// The organiser has to approve.
    Pending,
    /// In the line.
    Waitlisted,
    /// A place is kept for a while.
    Offered,
    /// Has a place.
    Confirmed,
    /// Over.
    Ended,
}

impl Standing {
    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Waitlisted => "waitlisted",
            Self::Offered => "offered",
            Self::Confirmed => "confirmed",
            Self::Ended => "ended",
        }
    }
}

/// What has become of the join that a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is about none, or it is long over.
    Unknown,
    /// It is there.
    At(Standing),
    /// A later join of the same person has taken its place.
    Replaced,
}

impl Fate {
    fn is_live(self) -> bool {
        matches!(self, Self::At(it) if it != Standing::Ended)
    }

    fn is_over(self) -> bool {
        self != Self::Unknown && !self.is_live()
    }
}

impl Letter {
    /// Why it must not go out any more, if so.
    ///
    /// The first try goes out in the order of what happened, so that each mail is followed by the one that overtakes it. One that is
    /// tried again may come after that, and would be wrong. Some are of no use at any time: what has expired, and what no other mail
    /// follows.
    pub fn overtaken(&self, attempts: i32, fate: Fate, now: DateTime<Utc>) -> Option<&'static str> {
        const CANCELLED: Option<&str> = Some("the event has been cancelled since");
        const UNTRUE: Option<&str> = Some("it is not true any more");
        const LATE: Option<&str> = Some("it comes too late to be of use");
        if self.expires_at.is_some_and(|end| end <= now) {
            return LATE;
        }
        let event = &self.event.as_ref()?.snapshot;
        let cancelled = event.status == EventStatus::Cancelled;
        match self.kind {
            Kind::QuickJoin if cancelled => return CANCELLED,
            Kind::PlacesOpen if event.starts_at <= now => return LATE,
            Kind::ReconfirmationAsked if fate != Fate::At(Standing::Confirmed) => return UNTRUE,
            Kind::OrganiserMessage if !fate.is_live() => return UNTRUE,
            _ if attempts == 0 => return None,
            _ => {}
        }
        let holds = match self.kind {
            Kind::JoinRequested => fate == Fate::At(Standing::Pending),
            Kind::JoinWaitlisted | Kind::PlacesOpen => fate == Fate::At(Standing::Waitlisted),
            Kind::JoinOffered => fate == Fate::At(Standing::Offered),
            Kind::JoinConfirmed | Kind::JoinPromoted => fate == Fate::At(Standing::Confirmed),
            Kind::EventChanged => {
                !fate.is_over() && self.details.after.as_ref().is_none_or(|after| *after == time_and_place(event))
            }
            Kind::ReconfirmationAsked | Kind::OrganiserMessage => true,
            // Of no interest to somebody who has joined again. The event may have been cancelled since: of that they are not told.
            kind if kind.is_end() && fate == Fate::Replaced => return UNTRUE,
            _ => return None,
        };
        match holds {
            _ if cancelled => CANCELLED,
            true => None,
            false => UNTRUE,
        }
    }

    /// Whether it may say the exact address, which at some events is for those with a place only.
    pub fn shows_address(&self) -> bool {
        let has_place = self.details.has_place == Some(true) && !self.kind.is_end();
        has_place || self.event.as_ref().is_some_and(|it| is_address_public(&it.snapshot))
    }
}

/// Whether strangers may know the exact address.
pub fn is_address_public(event: &EventSnapshot) -> bool {
    event.registration.access != Access::Approval
}

/// Whether somebody sees the change who may not know the exact address.
pub fn shows_without_address(before: &TimeAndPlace, after: &TimeAndPlace) -> bool {
    let venue = Venue { name: before.venue.name.clone(), ..after.venue.clone() };
    TimeAndPlace { venue, ..before.clone() } != *after
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

    fn letter(kind: Kind) -> Letter {
        let (snapshot, cancel_reason) = (testkit::snapshot(), None);
        let changed_at = DateTime::UNIX_EPOCH;
        Letter {
            id: Uuid::nil(),
            kind,
            to_name: "Ada".to_owned(),
            locale: Locale::En,
            details: Details::default(),
            event: Some(KnownEvent { snapshot, changed_at, cancel_reason }),
            created_at: testkit::noon(),
            expires_at: None,
            from_name: None,
        }
    }

    #[test]
    fn a_mail_that_comes_late_must_still_be_true() {
        use Standing::{Confirmed, Ended, Offered, Pending, Waitlisted};
        let fates = [
            Fate::At(Pending),
            Fate::At(Waitlisted),
            Fate::At(Offered),
            Fate::At(Confirmed),
            Fate::At(Ended),
            Fate::Replaced,
        ];
        let live = [Fate::At(Pending), Fate::At(Waitlisted), Fate::At(Offered), Fate::At(Confirmed)];
        let ended = [Fate::At(Ended)];
        for (kind, holds) in [
            (Kind::JoinRequested, &live[..1]),
            (Kind::JoinWaitlisted, &live[1..2]),
            (Kind::PlacesOpen, &live[1..2]),
            (Kind::JoinOffered, &live[2..3]),
            (Kind::JoinConfirmed, &live[3..]),
            (Kind::JoinPromoted, &live[3..]),
            (Kind::ReconfirmationAsked, &live[3..]),
            (Kind::EventChanged, &live[..]),
            (Kind::OrganiserMessage, &live[..]),
        ] {
            let mut letter = letter(kind);
            for fate in fates {
                let overtaken = letter.overtaken(1, fate, testkit::noon());
                assert_eq!(overtaken.is_none(), holds.contains(&fate), "{kind:?} {fate:?}");
            }
            letter.event.as_mut().unwrap().snapshot.status = EventStatus::Cancelled;
            assert!(letter.overtaken(1, holds[0], testkit::noon()).unwrap().contains("cancelled"), "{kind:?}");
        }
        for kind in Kind::ALL.iter().filter(|kind| kind.is_end()) {
            let mut letter = letter(*kind);
            letter.event.as_mut().unwrap().snapshot.status = EventStatus::Cancelled;
            for fate in ended.iter().chain(&[Fate::Unknown]) {
                assert_eq!(letter.overtaken(1, *fate, testkit::noon()), None, "{kind:?}");
            }
            assert!(letter.overtaken(1, Fate::Replaced, testkit::noon()).is_some(), "{kind:?}");
        }
    }

    #[test]
    fn at_the_first_try_only_what_no_other_mail_follows_must_be_true() {
        let noon = testkit::noon();
        let over = Fate::At(Standing::Ended);
        for kind in Kind::ALL {
            let overtaken = letter(*kind).overtaken(0, over, noon).is_some();
            assert_eq!(overtaken, matches!(kind, Kind::ReconfirmationAsked | Kind::OrganiserMessage), "{kind:?}");
        }
        let mut offered = letter(Kind::JoinOffered);
        offered.expires_at = Some(noon);
        let in_time = noon - TimeDelta::seconds(1);
        assert_eq!(offered.overtaken(0, Fate::At(Standing::Offered), in_time), None);
        assert!(offered.overtaken(0, Fate::At(Standing::Offered), noon).is_some());
        let start = testkit::snapshot().starts_at;
        assert!(letter(Kind::PlacesOpen).overtaken(0, Fate::At(Standing::Waitlisted), start).is_some());
    }

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse::<Kind>().unwrap(), *kind);
        }
        assert!("join_transferred".parse::<Kind>().is_err());
    }
}
