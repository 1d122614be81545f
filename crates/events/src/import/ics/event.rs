//! From a `VEVENT` to events.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;

use super::{
    Calendar, Component, Entry,
    lines::Property,
    recurrence::{Window, expand},
    value::{self, Extra, Length, Moment},
};
use crate::import::{ImportOptions, Outcome, classify, clock, draft::Draft, source::DataSet, text, zones};

/// Occurrences of one series.
const MAX_OCCURRENCES: usize = 52;
const HORIZON: Duration = Duration::days(365);

/// Whether a property says anything that is imported.
pub(super) fn wanted(name: &str) -> bool {
    matches!(
        name,
        "UID"
            | "SUMMARY"
            | "DESCRIPTION"
            | "X-ALT-DESC"
            | "LOCATION"
            | "GEO"
            | "URL"
            | "CATEGORIES"
            | "STATUS"
            | "CLASS"
            | "SEQUENCE"
            | "DTSTAMP"
            | "LAST-MODIFIED"
            | "DTSTART"
            | "DTEND"
            | "DURATION"
            | "RRULE"
            | "RDATE"
            | "EXDATE"
            | "EXRULE"
            | "RECURRENCE-ID"
            | "TZID"
    )
}

/// What an event's conversion looks at besides the event.
pub(super) struct Context<'a> {
    pub(super) calendar: &'a Calendar,
    /// Other versions and changed occurrences of the same event.
    pub(super) entry: Option<&'a Entry>,
    pub(super) set: &'a DataSet,
    pub(super) options: &'a ImportOptions,
}

/// When the event is, or the first of its series.
struct Span {
    start: NaiveDateTime,
    /// `None` is unknown; of an all-day event the last day.
    end: Option<NaiveDateTime>,
    tz: Tz,
    all_day: bool,
    /// The zone's offset is right for this event only: none of the database's zones has the calendar's rules.
    this_year_only: bool,
}

impl Span {
    /// What identifies an occurrence: its day, or its instant.
    fn key(&self, wall: NaiveDateTime) -> String {
        if self.all_day {
            wall.format("%Y%m%d").to_string()
        } else {
            zones::instant(wall, self.tz).format("%Y%m%dT%H%M%SZ").to_string()
        }
    }

    fn length(&self) -> Duration {
        self.end.map_or_else(Duration::zero, |end| end - self.start)
    }
}

impl Context<'_> {
    pub(super) fn convert(&self, event: &Component) -> Vec<Outcome> {
        let reject = |reason: String| vec![Outcome::rejected(event.line, &event.label(), reason)];
        if let Some(problem) = &event.problem {
            return reject(problem.clone());
        }
        match self.drafts(event) {
            Ok(drafts) => drafts.into_iter().map(|draft| Outcome::draft(event.line, draft)).collect(),
            Err(reason) => reject(reason),
        }
    }

    fn drafts(&self, event: &Component) -> Result<Vec<Draft>, String> {
        self.check_version(event)?;
        let class = event.text("CLASS").trim().to_ascii_uppercase();
        if matches!(class.as_str(), "PRIVATE" | "CONFIDENTIAL") {
            return Err(format!("CLASS:{class}: not meant to be published"));
        }
        let span = self.span(event)?;
        let uid = event.text("UID").trim().to_owned();
        let named = |key: &str| (!uid.is_empty()).then(|| format!("{uid}#{key}"));

        if let Some(which) = event.get("RECURRENCE-ID") {
            let key = self.key_of(which, &span)?;
            if Self::is_range(which) && self.entry.is_some_and(|it| it.series.is_some()) {
                return Err("RANGE=THISANDFUTURE is not supported: the series is imported up to here".into());
            }
            return Ok(vec![self.draft(event, &span, span.start, span.end, named(&key))]);
        }
        let repeats = event.get("RRULE").is_some() || event.all("RDATE").any(|it| !it.value.trim().is_empty());
        if !repeats {
            let uid = (!uid.is_empty()).then(|| uid.clone());
            return Ok(vec![self.draft(event, &span, span.start, span.end, uid)]);
        }
        if span.this_year_only {
            return Err("the calendar's own time zone is none that is known, and the event recurs".into());
        }
        let occurrences = self.occurrences(event, &span)?;
        Ok(occurrences
            .into_iter()
            .map(|(start, end)| self.draft(event, &span, start, end, named(&span.key(start))))
            .collect())
    }

    /// Only the last version of an event counts.
    fn check_version(&self, event: &Component) -> Result<(), String> {
        let Some(entry) = self.entry else { return Ok(()) };
        let version = event.version();
        let best = match event.get("RECURRENCE-ID") {
            None => entry.series.as_ref(),
            Some(which) => entry.changed.get(&which.value).map(|it| &it.1),
        };
        match best {
            Some(best) if *best != version => {
                Err(format!("another version of this event, at line {}, counts", best.before.0))
            }
            _ => Ok(()),
        }
    }

    fn draft(
        &self,
        event: &Component,
        span: &Span,
        start: NaiveDateTime,
        end: Option<NaiveDateTime>,
        uid: Option<String>,
    ) -> Draft {
        let start = zones::existing(start, span.tz);
        let mut draft = Draft::new(&self.set.key, self.set.source(None), start, span.tz);
        draft.uid = uid;
        draft.ends_at = end.map(|it| zones::existing(it, span.tz));
        draft.all_day = span.all_day;
        draft.title = event.text("SUMMARY");
        draft.description = event.text("DESCRIPTION");
        if draft.description.trim().is_empty() {
            draft.description = event.text("X-ALT-DESC");
        }
        let categories: Vec<String> = event.all("CATEGORIES").flat_map(Property::texts).collect();
        draft.category = classify::by_keywords(categories.iter().map(String::as_str));
        draft.fallback_category = self.options.category;
        let own = event.get("SUMMARY").and_then(|it| it.parameter("LANGUAGE")).map(str::to_owned);
        draft.language = own.or_else(|| self.options.language.clone());
        draft.city = self.options.city.clone().unwrap_or_default();
        // The first line is the place's name, the others are its address.
        let location = text::paragraphs(&event.text("LOCATION"));
        let mut lines = location.lines().filter(|it| !it.is_empty());
        lines.next().unwrap_or_default().clone_into(&mut draft.venue);
        draft.address = lines.collect::<Vec<_>>().join(", ");
        let position = event.text("GEO");
        if let Some((lat, lon)) = position.split_once([';', ',']) {
            (draft.lat, draft.lon) = (lat.trim().parse().ok(), lon.trim().parse().ok());
        }
        draft.external_url = event.get("URL").map(|it| it.value.clone()).unwrap_or_default();
        draft.cancelled = self.calendar.cancels || event.text("STATUS").trim().eq_ignore_ascii_case("CANCELLED");
        draft
    }

    fn span(&self, event: &Component) -> Result<Span, String> {
        let mut starts = event.all("DTSTART");
        let property = starts.next().ok_or("no DTSTART")?;
        if starts.any(|it| it != property) {
            return Err("DTSTART is given twice, with different times".into());
        }
        let start = moment(property)?;
        let (tz, this_year_only) = self.zone(event, property, start)?;
        let wall = match start {
            Moment::Utc(at) => zones::wall(at.and_utc(), tz),
            other => other.naive(),
        };
        let mut span = Span { start: wall, end: None, tz, all_day: start.is_date(), this_year_only };
        span.end = match (event.get("DTEND"), event.get("DURATION")) {
            (Some(property), _) => self.end(event, property, &span)?,
            (None, Some(property)) => {
                let length = clock::parse_duration(&property.value)
                    .ok_or_else(|| format!("DURATION {} is not understood", text::label(&property.value)))?;
                Self::end_after(&span, length)
            }
            (None, None) => None,
        };
        Ok(span)
    }

    fn end(&self, event: &Component, property: &Property, span: &Span) -> Result<Option<NaiveDateTime>, String> {
        let end = moment(property)?;
        if end.is_date() != span.all_day {
            return Err("of DTSTART and DTEND one has a time and the other has none".into());
        }
        if let Moment::Date(date) = end {
            // The end is the day after the last one; some programs write the last one.
            let last = if date == span.start.date() { date } else { date.pred_opt().unwrap_or(date) };
            if last < span.start.date() {
                return Err(format!("DTEND {date} is before DTSTART {}", span.start.date()));
            }
            return Ok(Some(last.and_time(NaiveTime::MIN)));
        }
        let start = zones::instant(span.start, span.tz);
        let end = self.instant(event, property, end)?;
        if end < start {
            return Err(format!("DTEND {} is before DTSTART {}", zones::wall(end, span.tz), span.start));
        }
        Ok((end > start).then(|| zones::wall(end, span.tz)))
    }

    fn end_after(span: &Span, length: Duration) -> Option<NaiveDateTime> {
        if span.all_day {
            return span.start.checked_add_signed(length - Duration::days(1).min(length));
        }
        let end = zones::instant(span.start, span.tz).checked_add_signed(length)?;
        (length > Duration::zero()).then(|| zones::wall(end, span.tz))
    }

    fn instant(&self, event: &Component, property: &Property, moment: Moment) -> Result<DateTime<Utc>, String> {
        Ok(match moment {
            Moment::Utc(at) => at.and_utc(),
            other => zones::instant(other.naive(), self.zone(event, property, other)?.0),
        })
    }

    /// The zone of a moment, and whether it is right only there.
    fn zone(&self, event: &Component, property: &Property, moment: Moment) -> Result<(Tz, bool), String> {
        let calendar = self.calendar.default_zone();
        let option = self.options.timezone;
        let default = calendar.filter(|it| *it != Tz::UTC).or(option);
        // A calendar says UTC also when it means nothing by it; an unknown name is not to be read so.
        let floating = default.or(calendar);
        let id = match moment {
            Moment::Utc(_) => return Ok((default.unwrap_or(Tz::UTC), false)),
            Moment::Date(_) => {
                // A day is the same day whatever the zone.
                let own = event.get("TZID").and_then(|it| zones::by_name(&it.text()));
                return Ok((own.or(floating).or_else(|| self.only_zone()).unwrap_or(Tz::UTC), false));
            }
            Moment::Local(_) => property.parameter("TZID").map(str::trim).filter(|it| !it.is_empty()),
        };
        let Some(id) = id else {
            let own = event.get("TZID").and_then(|it| zones::by_name(&it.text()));
            return own
                .or(floating)
                .map(|tz| (tz, false))
                .ok_or_else(|| "a time without a zone, and the calendar has none; give one".into());
        };
        if let Some(tz) = zones::by_name(id) {
            return Ok((tz, false));
        }
        if let Some(zone) = self.calendar.zones.get(id) {
            let wanted: Vec<Tz> = option.into_iter().chain(calendar).collect();
            if let Some(tz) = zone.by_location().or_else(|| zone.by_rules(moment.naive().year(), &wanted)) {
                return Ok((tz, false));
            }
            return zone.offset_of(moment.naive()).and_then(zones::fixed).map(|tz| (tz, true)).ok_or_else(|| {
                format!("the calendar's time zone {} has the rules of none that is known", text::label(id))
            });
        }
        default.map(|tz| (tz, false)).ok_or_else(|| format!("unknown time zone {}; give one", text::label(id)))
    }

    /// The zone that a calendar defines, if it defines one only.
    fn only_zone(&self) -> Option<Tz> {
        let mut zones = self.calendar.zones.iter();
        let (id, zone) = zones.next()?;
        if zones.next().is_some() {
            return None;
        }
        zones::by_name(id).or_else(|| zone.by_location())
    }

    /// The key of an occurrence that a property names.
    fn key_of(&self, property: &Property, span: &Span) -> Result<String, String> {
        let moment = moment(property)?;
        Ok(span.key(self.wall_in(property, moment, span)?))
    }

    /// A moment of the series as wall time in the series' zone.
    fn wall_in(&self, property: &Property, moment: Moment, span: &Span) -> Result<NaiveDateTime, String> {
        Ok(match moment {
            Moment::Date(date) => date.and_time(NaiveTime::MIN),
            Moment::Utc(at) => zones::wall(at.and_utc(), span.tz),
            Moment::Local(at) if property.parameter("TZID").is_none() => at,
            Moment::Local(at) => {
                let (tz, _) = self.zone(&Component::new(0), property, moment)?;
                if tz == span.tz { at } else { zones::wall(zones::instant(at, tz), span.tz) }
            }
        })
    }

    fn is_range(which: &Property) -> bool {
        which.parameter("RANGE").is_some_and(|it| it.eq_ignore_ascii_case("THISANDFUTURE"))
    }

    /// Start and end of each occurrence within the horizon.
    fn occurrences(
        &self,
        event: &Component,
        span: &Span,
    ) -> Result<Vec<(NaiveDateTime, Option<NaiveDateTime>)>, String> {
        if event.get("EXRULE").is_some() {
            return Err("EXRULE is not supported".into());
        }
        // What is still going on is wanted too.
        let now = self.options.from.map(|it| zones::wall(it, span.tz));
        let from = now.and_then(|it| it.checked_sub_signed(span.length())).map_or(span.start, |it| it.max(span.start));
        let to = from.checked_add_signed(HORIZON).ok_or("a date out of range")?;

        let (days, keys) = self.excluded(event, span)?;
        let mut starts: BTreeMap<NaiveDateTime, Option<NaiveDateTime>> = BTreeMap::new();
        let window = Window { from, to, most: MAX_OCCURRENCES + (days.len() + keys.len()).min(5000) };
        let until = |moment: Moment| match moment {
            Moment::Utc(at) => zones::wall(at.and_utc(), span.tz),
            other => other.naive(),
        };
        for rule in event.all("RRULE") {
            for start in expand(span.start, &rule.value, until, window)? {
                starts.insert(start, end_of(span, start));
            }
        }
        for property in event.all("RDATE") {
            for extra in value::moments(property)? {
                let (start, end) = self.extra(property, extra, span)?;
                starts.insert(start, end);
            }
        }
        // The start belongs to the series even if the rule does not produce it.
        starts.insert(span.start, span.end);

        let range = self.range_start(span)?;
        let kept = |start: &NaiveDateTime| {
            !days.contains(&start.date())
                && !keys.contains(&span.key(*start))
                && range.is_none_or(|range| *start < range)
        };
        starts.retain(|start, _| kept(start));
        let within: Vec<_> = starts.range(from..=to).map(|(start, end)| (*start, *end)).take(MAX_OCCURRENCES).collect();
        if !within.is_empty() {
            return Ok(within);
        }
        let first = starts.into_iter().next().map(|it| vec![it]);
        first.ok_or_else(|| "no occurrence of the series is left".into())
    }

    /// Days and occurrences that are not part of the series, or stand elsewhere as changed ones.
    fn excluded(&self, event: &Component, span: &Span) -> Result<(HashSet<NaiveDate>, HashSet<String>), String> {
        let mut days = HashSet::new();
        let mut keys = HashSet::new();
        for property in event.all("EXDATE") {
            for Extra { start, .. } in value::moments(property)? {
                match start {
                    // A mere date excludes whatever is on that day; so programs write it for series with times too.
                    Moment::Date(date) => {
                        days.insert(date);
                    }
                    other => {
                        keys.insert(span.key(self.wall_in(property, other, span)?));
                    }
                }
            }
        }
        for (which, _) in self.entry.iter().flat_map(|it| it.changed.values()) {
            keys.insert(self.key_of(which, span)?);
        }
        Ok((days, keys))
    }

    /// From where on another version of the series applies.
    fn range_start(&self, span: &Span) -> Result<Option<NaiveDateTime>, String> {
        let ranges = self.entry.iter().flat_map(|it| it.changed.values()).filter(|it| Self::is_range(&it.0));
        let starts: Vec<_> =
            ranges.map(|(which, _)| self.wall_in(which, moment(which)?, span)).collect::<Result<_, String>>()?;
        Ok(starts.into_iter().min())
    }

    fn extra(
        &self,
        property: &Property,
        extra: Extra,
        span: &Span,
    ) -> Result<(NaiveDateTime, Option<NaiveDateTime>), String> {
        if extra.start.is_date() != span.all_day {
            return Err("of DTSTART and RDATE one has a time and the other has none".into());
        }
        let start = self.wall_in(property, extra.start, span)?;
        let end = match extra.length {
            None => end_of(span, start),
            Some(Length::Lasting(length)) => start.checked_add_signed(length),
            Some(Length::Until(until)) => Some(self.wall_in(property, until, span)?),
        };
        if end.is_some_and(|end| end < start) {
            return Err("a period of RDATE ends before it starts".into());
        }
        Ok((start, end.filter(|end| *end > start)))
    }
}

/// The end of an occurrence that is as long as the first one.
fn end_of(span: &Span, start: NaiveDateTime) -> Option<NaiveDateTime> {
    span.end.and_then(|end| start.checked_add_signed(end - span.start))
}

fn moment(property: &Property) -> Result<Moment, String> {
    Moment::parse(&property.value)
        .ok_or_else(|| format!("{} {} is not a time", property.name, text::label(&property.value)))
}
