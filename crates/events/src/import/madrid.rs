//! The city of Madrid's events: what a row means, whichever of the three files it comes from.
//!
//! `FECHA` and `FECHA-FIN` are days, `HORA` is when it starts; an end of 23:59 (22:59 on the day the clocks go back) is the end
//! of the day and says nothing. An event on one day with an hour lasts the default duration. One over several days runs from
//! its first to its last session: `DIAS-SEMANA` and `DIAS-EXCLUIDOS` tell which days have one, and go into the description.

use chrono::{Datelike, Duration, NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;

use super::{DEFAULT_DURATION, ImportOptions, classify, clock, draft::Draft, source::DataSet, text};

/// A row, as written.
#[derive(Default)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) price: String,
    pub(super) free: Option<bool>,
    /// `L,M,X,J,V,S,D` or `MO,TU,WE,TH,FR,SA,SU`.
    pub(super) days: String,
    /// `12/10/2025;1/11/2025;`
    pub(super) excluded: String,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) hour: String,
    pub(super) description: String,
    pub(super) url: String,
    pub(super) place: String,
    /// Street and number.
    pub(super) street: String,
    pub(super) postcode: String,
    pub(super) lat: Option<f64>,
    pub(super) lon: Option<f64>,
    /// Path of kinds.
    pub(super) kind: String,
    pub(super) audience: String,
}

const DAYS: [(Weekday, &str, &str, &str); 7] = [
    (Weekday::Mon, "L", "MO", "lunes"),
    (Weekday::Tue, "M", "TU", "martes"),
    (Weekday::Wed, "X", "WE", "miércoles"),
    (Weekday::Thu, "J", "TH", "jueves"),
    (Weekday::Fri, "V", "FR", "viernes"),
    (Weekday::Sat, "S", "SA", "sábados"),
    (Weekday::Sun, "D", "SU", "domingos"),
];

impl Row {
    pub(super) fn label(&self) -> &str {
        if self.title.trim().is_empty() { &self.id } else { &self.title }
    }

    pub(super) fn into_draft(self, set: &DataSet, options: &ImportOptions) -> Result<Draft, String> {
        let from = day_and_time(&self.from, "FECHA")?;
        let until = if self.until.trim().is_empty() { from } else { day_and_time(&self.until, "FECHA-FIN")? };
        let hour = match self.hour.trim() {
            "" | "00:00" => None,
            hour => Some(clock::parse_time(hour).ok_or_else(|| format!("HORA {hour} is not a time"))?),
        };
        if until.0 < from.0 {
            return Err(format!("ends before it starts: {} to {}", from.0, until.0));
        }
        let days = weekdays(&self.days)?;
        let excluded = excluded_days(&self.excluded);
        let (first, last) = sessions(from.0, until.0, &days, &excluded).unwrap_or((from.0, until.0));

        let timezone = Tz::Europe__Madrid;
        let id = self.id.trim();
        let url = text::web_address(&self.url);
        let mut draft = Draft::new(&set.key, set.source(url), first.and_time(hour.unwrap_or(NaiveTime::MIN)), timezone);
        draft.uid = (!id.is_empty()).then(|| id.to_owned());
        draft.all_day = hour.is_none();
        draft.ends_at = Some(match (hour, until.1) {
            (None, _) => last.and_time(NaiveTime::MIN),
            (Some(hour), Some(end)) if end > hour => last.and_time(end),
            (Some(hour), _) => last.and_time(hour) + DEFAULT_DURATION,
        });
        if last > first {
            draft.note = schedule(&days, hour, &excluded);
        }
        let (certain, vague) = classify::madrid(&self.kind, &self.audience);
        draft.category = certain;
        draft.fallback_category =
            vague.or_else(|| classify::by_circumstances(&self.description, &self.place)).or(options.category);
        draft.language = Some("es".into());
        draft.city = "Madrid".into();
        draft.venue = if self.place.trim().is_empty() {
            if self.kind.contains("EnLinea") {
                "En línea".into()
            } else {
                place_in(&self.description).unwrap_or_default()
            }
        } else {
            self.place
        };
        draft.address = address(&self.street, &self.postcode);
        (draft.lat, draft.lon) = (self.lat, self.lon);
        draft.is_free = is_free(self.free, &self.price);
        draft.title = self.title;
        draft.description = split_sentences(&self.description);
        draft.price = self.price;
        draft.external_url = self.url;
        Ok(draft)
    }
}

/// `2025-10-25 19:00:00.0`; the time is `None` where it only marks the day's start or end.
fn day_and_time(text: &str, column: &str) -> Result<(NaiveDate, Option<NaiveTime>), String> {
    match clock::When::parse(text) {
        Some(clock::When::Date(date)) => Ok((date, None)),
        Some(clock::When::Local(at)) => {
            let time = at.time();
            let mark =
                [(0, 0), (23, 59), (22, 59)].iter().any(|(h, m)| NaiveTime::from_hms_opt(*h, *m, 0) == Some(time));
            Ok((at.date(), (!mark).then_some(time)))
        }
        _ if text.trim().is_empty() => Err(format!("no {column}")),
        _ => Err(format!("{column} {} is not a date", text::label(text))),
    }
}

fn weekdays(text: &str) -> Result<Vec<Weekday>, String> {
    let mut days = Vec::new();
    for name in text.split([',', ';', ' ']).map(str::trim).filter(|it| !it.is_empty()) {
        match DAYS.iter().find(|it| it.1.eq_ignore_ascii_case(name) || it.2.eq_ignore_ascii_case(name)) {
            Some(day) => days.push(day.0),
            None => return Err(format!("unknown day of the week {}", text::label(name))),
        }
    }
    Ok(days)
}

/// What is no date is left out: these days only refine the schedule.
fn excluded_days(text: &str) -> Vec<NaiveDate> {
    let mut days: Vec<_> =
        text.split(';').take(1000).filter_map(|it| NaiveDate::parse_from_str(it.trim(), "%d/%m/%Y").ok()).collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// First and last day with a session.
fn sessions(
    from: NaiveDate,
    until: NaiveDate,
    days: &[Weekday],
    excluded: &[NaiveDate],
) -> Option<(NaiveDate, NaiveDate)> {
    let fits = |day: &NaiveDate| (days.is_empty() || days.contains(&day.weekday())) && !excluded.contains(day);
    // Looked at from both ends, so that a century costs no more than the excluded days.
    let limit = 8 * (excluded.len() + 1);
    let first = from.iter_days().take_while(|it| *it <= until).take(limit).find(fits)?;
    let last = (0..limit)
        .map_while(|back| until.checked_sub_signed(Duration::days(i64::try_from(back).ok()?)))
        .take_while(|it| *it >= from)
        .find(fits)?;
    Some((first, last))
}

/// Which days, as a line of Markdown.
fn schedule(days: &[Weekday], hour: Option<NaiveTime>, excluded: &[NaiveDate]) -> Option<String> {
    let names: Vec<&str> = DAYS.iter().filter(|it| days.contains(&it.0)).map(|it| it.3).collect();
    let mut parts = Vec::new();
    match names.as_slice() {
        [] => {}
        all if all.len() == 7 => parts.push("todos los días".to_owned()),
        [one] => parts.push((*one).to_owned()),
        [several @ .., last] => parts.push(format!("{} y {last}", several.join(", "))),
    }
    if let Some(hour) = hour {
        parts.push(format!("{} h", hour.format("%H:%M")));
    }
    if parts.is_empty() && excluded.is_empty() {
        return None;
    }
    let mut note = String::new();
    if !parts.is_empty() {
        note = format!("**Horario:** {}", parts.join(", "));
    }
    if !excluded.is_empty() {
        let dates: Vec<_> = excluded.iter().map(|it| it.format("%-d/%-m/%Y").to_string()).collect();
        let gap = if note.is_empty() { "" } else { "  \n" };
        note = format!("{note}{gap}**Excepto:** {}", dates.join(", "));
    }
    Some(note)
}

/// Where the hall is empty the description often says `Lugar: …`. Two spaces or a full stop end it.
fn place_in(description: &str) -> Option<String> {
    let lower = description.to_lowercase();
    // Lower case of other scripts may be longer; then the positions would not fit.
    if lower.len() != description.len() {
        return None;
    }
    let start = ["lugar:", "ubicación:", "lugar de celebración:", "lugar de encuentro:", "punto de encuentro:"]
        .iter()
        .filter_map(|mark| Some(lower.find(mark)? + mark.len()))
        .min()?;
    let rest = description.get(start..)?.trim_start();
    let end = ["  ", "\n", ". ", "\u{a0}"].iter().filter_map(|it| rest.find(it)).min().unwrap_or(rest.len());
    let place = rest[..end].trim_end_matches(['.', ',', ' ']);
    (place.chars().count() > 2).then(|| text::cut(place, 120))
}

/// The city's editors part paragraphs, and the files only keep two spaces of that.
fn split_sentences(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text.trim();
    while let Some(at) = rest.find("  ") {
        let (before, after) = rest.split_at(at);
        let after = after.trim_start_matches(' ');
        result.push_str(before);
        let sentence = before.trim_end().ends_with(['.', '!', '?', ':', ')', '»', '”', '"']);
        let capital =
            after.starts_with(|it: char| it.is_uppercase() || it.is_ascii_digit() || "¿¡«“\"*-•".contains(it));
        result.push_str(if sentence && capital { "\n\n" } else { " " });
        rest = after;
    }
    result.push_str(rest);
    result
}

fn address(street: &str, postcode: &str) -> String {
    let street = title_case(&text::line(street));
    let postcode = text::line(postcode);
    match (street.is_empty(), postcode.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!("{street}, Madrid"),
        (false, false) => format!("{street}, {postcode} Madrid"),
    }
}

/// `CALLE DE LA ALISEDA 4` is shouted in the files.
fn title_case(text: &str) -> String {
    let words = text.split(' ').enumerate().map(|(index, word)| {
        let lower = word.to_lowercase();
        if index > 0 && matches!(lower.as_str(), "de" | "del" | "la" | "las" | "los" | "el" | "y" | "a" | "al" | "en") {
            return lower;
        }
        let mut characters = lower.chars();
        characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The flag, unless the wording says the opposite.
fn is_free(flag: Option<bool>, price: &str) -> Option<bool> {
    let price = price.to_lowercase();
    let costs = price.contains("euro") || price.contains('€');
    let free = ["gratuit", "gratis", "entrada libre", "acceso libre"].iter().any(|it| price.contains(it));
    match flag {
        Some(true) if costs => None,
        Some(false) if free && !costs => Some(true),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn sessions_are_the_days_that_fit() {
        let (from, until) = (day("2025-10-01"), day("2025-10-31"));
        let tuesdays = [Weekday::Tue];
        assert_eq!(sessions(from, until, &tuesdays, &[]), Some((day("2025-10-07"), day("2025-10-28"))));
        let excluded = [day("2025-10-07"), day("2025-10-28")];
        assert_eq!(sessions(from, until, &tuesdays, &excluded), Some((day("2025-10-14"), day("2025-10-21"))));
        assert_eq!(sessions(from, from, &tuesdays, &[]), None);
        assert_eq!(sessions(from, day("2200-01-01"), &[], &[]), Some((from, day("2200-01-01"))));
    }

    #[test]
    fn a_schedule_reads_like_a_sentence() {
        let hour = NaiveTime::from_hms_opt(19, 0, 0);
        assert_eq!(
            schedule(&[Weekday::Thu, Weekday::Tue], hour, &[day("2025-10-07")]).as_deref(),
            Some("**Horario:** martes y jueves, 19:00 h  \n**Excepto:** 7/10/2025")
        );
        assert_eq!(schedule(&[], None, &[]), None);
        assert!(weekdays("L,Q").is_err());
    }

    #[test]
    fn the_place_is_looked_for_in_the_description() {
        assert_eq!(
            place_in("Espectáculo.   LUGAR: Parque Azul (Calle Nueva, 3)  Duración: 1 h").as_deref(),
            Some("Parque Azul (Calle Nueva, 3)")
        );
        assert_eq!(place_in("Sin sitio"), None);
        assert_eq!(title_case("CALLE DE LA LUNA 4"), "Calle de la Luna 4");
    }

    #[test]
    fn flag_and_wording_have_to_agree() {
        assert_eq!(is_free(Some(true), "3 euros"), None);
        assert_eq!(is_free(Some(false), "Entrada gratuita"), Some(true));
        assert_eq!(is_free(Some(false), "Gratis los lunes; 3 €"), Some(false));
        assert_eq!(is_free(None, ""), None);
    }
}
