//! What an event is, and the steps of its life: draft → published → cancelled, or back to draft.

use chrono::{DateTime, Utc};
use contracts::{
    Category, EventId, UserId,
    events::{
        EventCancelled, EventChanged, EventPublished, EventSnapshot, EventStatus, EventUnpublished, Source,
        TimeAndPlace, Venue,
    },
    registration::Registration,
};
use serde_json::{Map, Value, json};

use super::{Schedule, registration, slug};
use crate::markdown;

/// What the organiser decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// 1 to 200 characters.
    pub title: String,
    /// Markdown, as written.
    pub description: String,
    /// One of the fixed list.
    pub category: Category,
    /// Primary language subtag.
    pub language: String,
    /// City name.
    pub city: String,
    /// Place.
    pub venue: Venue,
    /// Time.
    pub schedule: Schedule,
    /// `None` is unlimited.
    pub capacity: Option<i32>,
    /// As the organiser words it.
    pub price: Option<String>,
    /// Unknown for some imported events.
    pub is_free: Option<bool>,
    /// `http` or `https`.
    pub external_url: Option<String>,
    /// How people come to a place.
    pub registration: Registration,
}

impl Details {
    fn time_and_place(&self) -> TimeAndPlace {
        TimeAndPlace {
            starts_at_local: self.schedule.starts_at_local,
            ends_at_local: self.schedule.ends_at_local,
            timezone: self.schedule.timezone.name().to_owned(),
            venue: self.venue.clone(),
        }
    }

    /// Names of the fields that differ, as in a request.
    fn differing(&self, other: &Self) -> Vec<&'static str> {
        let (a, b) = (&self.schedule, &other.schedule);
        [
            ("title", self.title != other.title),
            ("description", self.description != other.description),
            ("category", self.category != other.category),
            ("language", self.language != other.language),
            ("city", self.city != other.city),
            ("venue", self.venue != other.venue),
            ("starts_at_local", a.starts_at_local != b.starts_at_local),
            ("ends_at_local", a.ends_at_local != b.ends_at_local),
            ("timezone", a.timezone != b.timezone),
            ("all_day", a.all_day != b.all_day),
            ("capacity", self.capacity != other.capacity),
            ("price", self.price != other.price),
            ("is_free", self.is_free != other.is_free),
            ("external_url", self.external_url != other.external_url),
            ("registration", self.registration != other.registration),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }
}

/// An event, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Which.
    pub id: EventId,
    /// Grows by one with each step.
    pub version: i64,
    /// Where it is in its life.
    pub status: EventStatus,
    /// Whose event.
    pub organiser_id: UserId,
    /// As shown on the page.
    pub organiser_name: String,
    /// The readable part of its address.
    pub slug: String,
    /// Plain text, at most 200 characters.
    pub summary: String,
    /// What the organiser decides.
    pub details: Details,
    /// Set for imported events.
    pub source: Option<Source>,
    /// When the draft was made.
    pub created_at: DateTime<Utc>,
    /// When something about it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it last became public; stays when it is withdrawn.
    pub published_at: Option<DateTime<Utc>>,
    /// When it was called off.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// The organiser's words to those who had a place.
    pub cancel_reason: Option<String>,
    /// Time and place as people with places know them, while it is withdrawn.
    pub announced: Option<TimeAndPlace>,
}

/// Why a step cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The sentence says which state it is in.
    WrongState(&'static str),
    /// What has begun cannot be announced.
    StartsInThePast,
    /// A public event cannot be moved to a time that has passed.
    MovedIntoThePast,
    /// Nobody can tell what it is.
    NoDescription,
}

/// Kind of a step, as the history names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = EventAction)]
pub enum Action {
    /// The draft was made.
    Created,
    /// Somebody edited it.
    Edited,
    /// It became public.
    Published,
    /// It went back to being a draft.
    Unpublished,
    /// It will not take place.
    Cancelled,
    /// It is public again, at another time or place: people with places are told.
    Announced,
    /// The organiser's account has another name.
    OrganiserRenamed,
    /// It came from a file.
    Imported,
    /// The file has changed.
    Reimported,
}

/// What the other roles are told of a step.
#[derive(Clone, Debug)]
pub enum News {
    /// It is public.
    Published(EventPublished),
    /// It was public and is, with changes.
    Changed(EventChanged),
    /// It is not public any more.
    Unpublished(EventUnpublished),
    /// It will not take place.
    Cancelled(EventCancelled),
}

/// One version of an event.
#[derive(Clone, Debug)]
pub struct Step {
    /// The version that it led to.
    pub version: i64,
    /// What was done.
    pub action: Action,
    /// For the history.
    pub details: Value,
    /// For the other roles.
    pub news: Option<News>,
}

impl Event {
    /// A new draft.
    pub fn draft(details: Details, organiser_id: UserId, organiser_name: String, now: DateTime<Utc>) -> (Self, Step) {
        let event = Self {
            id: EventId::new(now),
            version: 1,
            status: EventStatus::Draft,
            organiser_id,
            organiser_name,
            slug: slug(&details.title),
            summary: markdown::summary(&details.description),
            details,
            source: None,
            created_at: now,
            updated_at: now,
            published_at: None,
            cancelled_at: None,
            cancel_reason: None,
            announced: None,
        };
        (event, Step { version: 1, action: Action::Created, details: json!({}), news: None })
    }

    /// An event that a file tells of: public at once, or called off already.
    pub fn imported(
        details: Details,
        source: Source,
        organiser_id: UserId,
        cancelled: bool,
        now: DateTime<Utc>,
    ) -> (Self, Step) {
        let (mut event, _) = Self::draft(details, organiser_id, source.name.clone(), now);
        event.source = Some(source);
        event.published_at = Some(now);
        event.status = if cancelled { EventStatus::Cancelled } else { EventStatus::Published };
        event.cancelled_at = cancelled.then_some(now);
        let news = if cancelled {
            News::Cancelled(EventCancelled { event: event.snapshot(), reason: None })
        } else {
            News::Published(EventPublished { event: event.snapshot() })
        };
        (event, Step { version: 1, action: Action::Imported, details: json!({}), news: Some(news) })
    }

    /// The organiser changes it. `None` if nothing differs: then there is no new version.
    ///
    /// `accept_overbooking`: whether they know that a lower capacity may leave more people with a place than there are places.
    pub fn edit(
        &mut self,
        details: Details,
        accept_overbooking: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<Step>, Refusal> {
        if self.status == EventStatus::Cancelled {
            return Err(Refusal::WrongState("The event is cancelled, and that is final."));
        }
        let fields = details.differing(&self.details);
        if fields.is_empty() {
            return Ok(None);
        }
        if self.status == EventStatus::Published {
            if details.description.is_empty() && !self.details.description.is_empty() {
                return Err(Refusal::NoDescription);
            }
            let starts_at = details.schedule.starts_at;
            if starts_at != self.details.schedule.starts_at && starts_at <= now {
                return Err(Refusal::MovedIntoThePast);
            }
        }
        let lowered = match (self.details.capacity, details.capacity) {
            (None, Some(_)) => true,
            (Some(before), Some(after)) => after < before,
            _ => false,
        };
        let overbooking_accepted = accept_overbooking && lowered;
        let mut facts = Map::new();
        if details.capacity != self.details.capacity {
            facts.insert("capacity".into(), json!({ "from": self.details.capacity, "to": details.capacity }));
        }
        if details.registration != self.details.registration {
            let difference = registration::difference(&self.details.registration, &details.registration);
            facts.insert("registration".into(), difference);
        }
        if overbooking_accepted {
            facts.insert("overbooking_accepted".into(), json!(true));
        }
        facts.insert("fields".into(), json!(fields));
        let before = self.replace(details, now);
        let news = self.changed(before, overbooking_accepted);
        Ok(Some(Step { version: self.version, action: Action::Edited, details: Value::Object(facts), news }))
    }

    /// Makes it public. Two steps if it was public before, at another time or place: people with places have to be told.
    pub fn publish(&mut self, now: DateTime<Utc>) -> Result<Vec<Step>, Refusal> {
        match self.status {
            EventStatus::Draft => {}
            EventStatus::Published => return Err(Refusal::WrongState("The event is published already.")),
            EventStatus::Cancelled => return Err(Refusal::WrongState("The event is cancelled, and that is final.")),
        }
        // Who was public before may come back while it lasts.
        let schedule = &self.details.schedule;
        let deadline = if self.published_at.is_none() { schedule.starts_at } else { schedule.ends_at };
        if deadline <= now {
            return Err(Refusal::StartsInThePast);
        }
        if self.details.description.is_empty() && self.source.is_none() {
            return Err(Refusal::NoDescription);
        }
        self.step(now);
        self.status = EventStatus::Published;
        self.published_at = Some(now);
        let news = News::Published(EventPublished { event: self.snapshot() });
        let mut steps =
            vec![Step { version: self.version, action: Action::Published, details: json!({}), news: Some(news) }];
        if let Some(before) = self.announced.take().filter(|before| *before != self.details.time_and_place()) {
            self.step(now);
            let news = self.changed(Some(before), false);
            steps.push(Step { version: self.version, action: Action::Announced, details: json!({}), news });
        }
        Ok(steps)
    }

    /// Takes it back: a draft again. Those who have a place keep it.
    pub fn unpublish(&mut self, now: DateTime<Utc>) -> Result<Step, Refusal> {
        match self.status {
            EventStatus::Published => {}
            EventStatus::Draft => return Err(Refusal::WrongState("The event is a draft already.")),
            EventStatus::Cancelled => return Err(Refusal::WrongState("The event is cancelled, and that is final.")),
        }
        self.step(now);
        self.status = EventStatus::Draft;
        self.announced = Some(self.details.time_and_place());
        let news = News::Unpublished(EventUnpublished { event: self.snapshot() });
        Ok(Step { version: self.version, action: Action::Unpublished, details: json!({}), news: Some(news) })
    }

    /// Calls it off, for good. An event that was withdrawn can be called off too: people may have places.
    pub fn cancel(&mut self, reason: Option<String>, now: DateTime<Utc>) -> Result<Step, Refusal> {
        match self.status {
            EventStatus::Published => {}
            EventStatus::Draft if self.published_at.is_some() => {}
            EventStatus::Draft => {
                return Err(Refusal::WrongState("The event was never published: there is nothing to call off."));
            }
            EventStatus::Cancelled => return Err(Refusal::WrongState("The event is cancelled already.")),
        }
        self.step(now);
        self.status = EventStatus::Cancelled;
        self.cancelled_at = Some(now);
        self.cancel_reason.clone_from(&reason);
        self.announced = None;
        let details = json!({ "reason": reason });
        let news = News::Cancelled(EventCancelled { event: self.snapshot(), reason });
        Ok(Step { version: self.version, action: Action::Cancelled, details, news: Some(news) })
    }

    /// The organiser's account has another name; only readers of what is still to come are told.
    pub fn rename_organiser(&mut self, name: String, now: DateTime<Utc>) -> Step {
        self.version += 1;
        self.organiser_name = name;
        let news = if self.details.schedule.ends_at > now { self.changed(None, false) } else { None };
        Step { version: self.version, action: Action::OrganiserRenamed, details: json!({}), news }
    }

    /// A file tells something else of it. `None` if it is what is known already, or if the event was called off: that is final.
    ///
    /// What the file cannot know stays: the capacity, the rules of registration, and whether somebody withdrew it.
    pub fn reimport(
        &mut self,
        mut details: Details,
        source: Source,
        cancelled: bool,
        now: DateTime<Utc>,
    ) -> Option<Step> {
        if self.status == EventStatus::Cancelled {
            return None;
        }
        details.capacity = self.details.capacity;
        details.registration = if details.schedule == self.details.schedule {
            self.details.registration.clone()
        } else {
            registration::fit(&self.details.registration, &details.schedule)
        };
        let mut fields = details.differing(&self.details);
        if self.source.as_ref() != Some(&source) {
            fields.push("source");
        }
        if fields.is_empty() && !cancelled {
            return None;
        }
        let before = self.replace(details, now);
        self.organiser_name.clone_from(&source.name);
        self.source = Some(source);
        let news = if cancelled {
            self.status = EventStatus::Cancelled;
            self.cancelled_at = Some(now);
            self.announced = None;
            Some(News::Cancelled(EventCancelled { event: self.snapshot(), reason: None }))
        } else {
            self.changed(before, false)
        };
        let details = json!({ "fields": fields, "cancelled": cancelled });
        Some(Step { version: self.version, action: Action::Reimported, details, news })
    }

    /// As the other roles need it.
    pub fn snapshot(&self) -> EventSnapshot {
        let Details { title, description, category, language, city, venue, schedule, .. } = &self.details;
        EventSnapshot {
            id: self.id,
            version: self.version,
            organiser_id: self.organiser_id,
            organiser_name: self.organiser_name.clone(),
            status: self.status,
            title: title.clone(),
            slug: self.slug.clone(),
            summary: self.summary.clone(),
            description: description.clone(),
            category: *category,
            language: language.clone(),
            city: city.clone(),
            venue: venue.clone(),
            starts_at: schedule.starts_at,
            ends_at: schedule.ends_at,
            starts_at_local: schedule.starts_at_local,
            ends_at_local: schedule.ends_at_local,
            timezone: schedule.timezone.name().to_owned(),
            all_day: schedule.all_day,
            capacity: self.details.capacity,
            price: self.details.price.clone(),
            is_free: self.details.is_free,
            external_url: self.details.external_url.clone(),
            source: self.source.clone(),
            registration: self.details.registration.clone(),
        }
    }

    fn step(&mut self, now: DateTime<Utc>) {
        self.version += 1;
        self.updated_at = now;
    }

    /// Takes over what was decided, and what follows from it; returns time and place before, if they have changed.
    fn replace(&mut self, details: Details, now: DateTime<Utc>) -> Option<TimeAndPlace> {
        self.step(now);
        let before = std::mem::replace(&mut self.details, details).time_and_place();
        self.slug = slug(&self.details.title);
        self.summary = markdown::summary(&self.details.description);
        (before != self.details.time_and_place()).then_some(before)
    }

    /// Only what is public is told.
    fn changed(&self, before: Option<TimeAndPlace>, overbooking_accepted: bool) -> Option<News> {
        let event = self.snapshot();
        (self.status == EventStatus::Published).then_some(News::Changed(EventChanged {
            event,
            before,
            overbooking_accepted,
        }))
    }
}
