//! Names of time zones as they are met in files, and wall times in them.

use std::{collections::HashMap, sync::LazyLock};

use chrono::{DateTime, Duration, MappedLocalTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

/// Windows' names and the IANA zone of each one's main territory (Unicode CLDR, `windowsZones`, territory 001).
const WINDOWS: &[(&str, &str)] = &[
    ("Dateline Standard Time", "Etc/GMT+12"),
    ("UTC-11", "Etc/GMT+11"),
    ("Aleutian Standard Time", "America/Adak"),
    ("Hawaiian Standard Time", "Pacific/Honolulu"),
    ("Marquesas Standard Time", "Pacific/Marquesas"),
    ("Alaskan Standard Time", "America/Anchorage"),
    ("UTC-09", "Etc/GMT+9"),
    ("Pacific Standard Time (Mexico)", "America/Tijuana"),
    ("UTC-08", "Etc/GMT+8"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("US Mountain Standard Time", "America/Phoenix"),
    ("Mountain Standard Time (Mexico)", "America/Mazatlan"),
    ("Mountain Standard Time", "America/Denver"),
    ("Yukon Standard Time", "America/Whitehorse"),
    ("Central America Standard Time", "America/Guatemala"),
    ("Central Standard Time", "America/Chicago"),
    ("Easter Island Standard Time", "Pacific/Easter"),
    ("Central Standard Time (Mexico)", "America/Mexico_City"),
    ("Canada Central Standard Time", "America/Regina"),
    ("SA Pacific Standard Time", "America/Bogota"),
    ("Eastern Standard Time (Mexico)", "America/Cancun"),
    ("Eastern Standard Time", "America/New_York"),
    ("Haiti Standard Time", "America/Port-au-Prince"),
    ("Cuba Standard Time", "America/Havana"),
    ("US Eastern Standard Time", "America/Indiana/Indianapolis"),
    ("Turks And Caicos Standard Time", "America/Grand_Turk"),
    ("Paraguay Standard Time", "America/Asuncion"),
    ("Atlantic Standard Time", "America/Halifax"),
    ("Venezuela Standard Time", "America/Caracas"),
    ("Central Brazilian Standard Time", "America/Cuiaba"),
    ("SA Western Standard Time", "America/La_Paz"),
    ("Pacific SA Standard Time", "America/Santiago"),
    ("Newfoundland Standard Time", "America/St_Johns"),
    ("Tocantins Standard Time", "America/Araguaina"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("SA Eastern Standard Time", "America/Cayenne"),
    ("Argentina Standard Time", "America/Argentina/Buenos_Aires"),
    ("Greenland Standard Time", "America/Nuuk"),
    ("Montevideo Standard Time", "America/Montevideo"),
    ("Magallanes Standard Time", "America/Punta_Arenas"),
    ("Saint Pierre Standard Time", "America/Miquelon"),
    ("Bahia Standard Time", "America/Bahia"),
    ("UTC-02", "Etc/GMT+2"),
    ("Mid-Atlantic Standard Time", "Etc/GMT+2"),
    ("Azores Standard Time", "Atlantic/Azores"),
    ("Cape Verde Standard Time", "Atlantic/Cape_Verde"),
    ("GMT Standard Time", "Europe/London"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("Sao Tome Standard Time", "Africa/Sao_Tome"),
    ("Morocco Standard Time", "Africa/Casablanca"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("W. Central Africa Standard Time", "Africa/Lagos"),
    ("Jordan Standard Time", "Asia/Amman"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("Middle East Standard Time", "Asia/Beirut"),
    ("Egypt Standard Time", "Africa/Cairo"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("Syria Standard Time", "Asia/Damascus"),
    ("West Bank Standard Time", "Asia/Hebron"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("FLE Standard Time", "Europe/Kyiv"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("South Sudan Standard Time", "Africa/Juba"),
    ("Kaliningrad Standard Time", "Europe/Kaliningrad"),
    ("Sudan Standard Time", "Africa/Khartoum"),
    ("Libya Standard Time", "Africa/Tripoli"),
    ("Namibia Standard Time", "Africa/Windhoek"),
    ("Arabic Standard Time", "Asia/Baghdad"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("Arab Standard Time", "Asia/Riyadh"),
    ("Belarus Standard Time", "Europe/Minsk"),
    ("Russian Standard Time", "Europe/Moscow"),
    ("E. Africa Standard Time", "Africa/Nairobi"),
    ("Volgograd Standard Time", "Europe/Volgograd"),
    ("Iran Standard Time", "Asia/Tehran"),
    ("Arabian Standard Time", "Asia/Dubai"),
    ("Astrakhan Standard Time", "Europe/Astrakhan"),
    ("Azerbaijan Standard Time", "Asia/Baku"),
    ("Russia Time Zone 3", "Europe/Samara"),
    ("Mauritius Standard Time", "Indian/Mauritius"),
    ("Saratov Standard Time", "Europe/Saratov"),
    ("Georgian Standard Time", "Asia/Tbilisi"),
    ("Caucasus Standard Time", "Asia/Yerevan"),
    ("Afghanistan Standard Time", "Asia/Kabul"),
    ("West Asia Standard Time", "Asia/Tashkent"),
    ("Qyzylorda Standard Time", "Asia/Qyzylorda"),
    ("Ekaterinburg Standard Time", "Asia/Yekaterinburg"),
    ("Pakistan Standard Time", "Asia/Karachi"),
    ("India Standard Time", "Asia/Kolkata"),
    ("Sri Lanka Standard Time", "Asia/Colombo"),
    ("Nepal Standard Time", "Asia/Kathmandu"),
    ("Central Asia Standard Time", "Asia/Bishkek"),
    ("Bangladesh Standard Time", "Asia/Dhaka"),
    ("Omsk Standard Time", "Asia/Omsk"),
    ("Myanmar Standard Time", "Asia/Yangon"),
    ("SE Asia Standard Time", "Asia/Bangkok"),
    ("Altai Standard Time", "Asia/Barnaul"),
    ("W. Mongolia Standard Time", "Asia/Hovd"),
    ("North Asia Standard Time", "Asia/Krasnoyarsk"),
    ("N. Central Asia Standard Time", "Asia/Novosibirsk"),
    ("Tomsk Standard Time", "Asia/Tomsk"),
    ("China Standard Time", "Asia/Shanghai"),
    ("North Asia East Standard Time", "Asia/Irkutsk"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("W. Australia Standard Time", "Australia/Perth"),
    ("Taipei Standard Time", "Asia/Taipei"),
    ("Ulaanbaatar Standard Time", "Asia/Ulaanbaatar"),
    ("Aus Central W. Standard Time", "Australia/Eucla"),
    ("Transbaikal Standard Time", "Asia/Chita"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("North Korea Standard Time", "Asia/Pyongyang"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("Yakutsk Standard Time", "Asia/Yakutsk"),
    ("Cen. Australia Standard Time", "Australia/Adelaide"),
    ("AUS Central Standard Time", "Australia/Darwin"),
    ("E. Australia Standard Time", "Australia/Brisbane"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("West Pacific Standard Time", "Pacific/Port_Moresby"),
    ("Tasmania Standard Time", "Australia/Hobart"),
    ("Vladivostok Standard Time", "Asia/Vladivostok"),
    ("Lord Howe Standard Time", "Australia/Lord_Howe"),
    ("Bougainville Standard Time", "Pacific/Bougainville"),
    ("Russia Time Zone 10", "Asia/Srednekolymsk"),
    ("Magadan Standard Time", "Asia/Magadan"),
    ("Norfolk Standard Time", "Pacific/Norfolk"),
    ("Sakhalin Standard Time", "Asia/Sakhalin"),
    ("Central Pacific Standard Time", "Pacific/Guadalcanal"),
    ("Russia Time Zone 11", "Asia/Kamchatka"),
    ("Kamchatka Standard Time", "Asia/Kamchatka"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("UTC+12", "Etc/GMT-12"),
    ("Fiji Standard Time", "Pacific/Fiji"),
    ("Chatham Islands Standard Time", "Pacific/Chatham"),
    ("UTC+13", "Etc/GMT-13"),
    ("Tonga Standard Time", "Pacific/Tongatapu"),
    ("Samoa Standard Time", "Pacific/Apia"),
    ("Line Islands Standard Time", "Pacific/Kiritimati"),
];

static BY_NAME: LazyLock<HashMap<String, Tz>> = LazyLock::new(|| {
    let windows = WINDOWS.iter().filter_map(|(name, iana)| Some((name.to_lowercase(), iana.parse().ok()?)));
    let iana = TZ_VARIANTS.iter().map(|tz| (tz.name().to_lowercase(), *tz));
    windows.chain(iana).collect()
});

/// Zones of Windows' table, in its order: of several zones with the same rules, the one that people know.
static WELL_KNOWN: LazyLock<Vec<Tz>> = LazyLock::new(|| {
    let first = [Tz::Europe__Berlin, Tz::Europe__London, Tz::America__New_York];
    first.into_iter().chain(WINDOWS.iter().filter_map(|(_, iana)| iana.parse().ok())).collect()
});

/// The zone of a name: IANA (whatever its case, and with a vendor's path before it), Windows, or a plain offset from UTC.
pub(super) fn by_name(name: &str) -> Option<Tz> {
    let name = name.trim().trim_matches(['"', '\'']).to_lowercase();
    if matches!(name.as_str(), "utc" | "z" | "gmt" | "etc/utc" | "coordinated universal time") {
        return Some(Tz::UTC);
    }
    if let Some(tz) = BY_NAME.get(&name) {
        return Some(*tz);
    }
    // `/vendor.example/20070129_1/America/New_York`: the longest ending that is a zone. One segment alone is not enough:
    // `/vendor.example/Cuba` may be anything.
    let mut rest = name.as_str();
    while let Some((_, after)) = rest.split_once('/') {
        rest = after;
        if rest.contains('/')
            && let Some(tz) = BY_NAME.get(rest)
        {
            return Some(*tz);
        }
    }
    plain_offset(&name)
}

/// `UTC+11`, `gmt-03:00`: no summer time can be meant.
fn plain_offset(name: &str) -> Option<Tz> {
    let rest = name.strip_prefix("utc").or_else(|| name.strip_prefix("gmt"))?;
    let sign = match rest.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = rest[1..].chars().filter(|it| *it != ':').collect();
    if !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.parse::<i32>().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    fixed(sign * (hours * 3600 + minutes * 60))
}

/// The zone that is always `seconds` east of UTC, if there is one: they exist for whole hours.
pub(super) fn fixed(seconds: i32) -> Option<Tz> {
    if seconds == 0 {
        return Some(Tz::UTC);
    }
    if seconds % 3600 != 0 {
        return None;
    }
    // The sign is the other way round in these names (POSIX).
    format!("Etc/GMT{:+}", -(seconds / 3600)).parse().ok()
}

/// The zone whose offset is `offset(instant)` at each of the instants, and `wanted` if it is one of several.
pub(super) fn by_offsets(
    instants: &[NaiveDateTime],
    offset: impl Fn(NaiveDateTime) -> Option<i32>,
    wanted: &[Tz],
) -> Option<Tz> {
    let offsets: Vec<i32> = instants.iter().map(|at| offset(*at)).collect::<Option<_>>()?;
    let first = *offsets.first()?;
    let fits = |tz: Tz| instants.iter().zip(&offsets).all(|(at, wanted)| offset_at(*at, tz) == *wanted);
    if let Some(tz) = wanted.iter().copied().find(|tz| fits(*tz)) {
        return Some(tz);
    }
    if offsets.iter().all(|it| *it == first)
        && let Some(tz) = fixed(first)
    {
        return Some(tz);
    }
    WELL_KNOWN.iter().chain(TZ_VARIANTS.iter()).copied().find(|tz| fits(*tz))
}

/// Seconds east of UTC at an instant.
pub(super) fn offset_at(utc: NaiveDateTime, tz: Tz) -> i32 {
    tz.offset_from_utc_datetime(&utc).fix().local_minus_utc()
}

/// What the clock at the venue shows.
pub(super) fn wall(instant: DateTime<Utc>, tz: Tz) -> NaiveDateTime {
    instant.with_timezone(&tz).naive_local()
}

/// The instant of a wall time: the first one if there are two, and with the offset before the gap if there is none.
pub(super) fn instant(wall: NaiveDateTime, tz: Tz) -> DateTime<Utc> {
    let seconds = match tz.offset_from_local_datetime(&wall) {
        MappedLocalTime::Single(offset) => offset.fix().local_minus_utc(),
        MappedLocalTime::Ambiguous(one, other) => one.fix().local_minus_utc().max(other.fix().local_minus_utc()),
        // No zone is further than 14 hours from UTC, and no gap longer than a day.
        MappedLocalTime::None => offset_at(wall.checked_sub_signed(Duration::hours(39)).unwrap_or(wall), tz),
    };
    wall.checked_sub_signed(Duration::seconds(i64::from(seconds))).unwrap_or(wall).and_utc()
}

/// The wall time as the clock shows it: another one only if `wall` lies in a gap.
pub(super) fn existing(wall: NaiveDateTime, tz: Tz) -> NaiveDateTime {
    match tz.offset_from_local_datetime(&wall) {
        MappedLocalTime::None => self::wall(instant(wall, tz), tz),
        _ => wall,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn every_windows_name_means_a_zone() {
        for (name, iana) in WINDOWS {
            assert_eq!(by_name(name), iana.parse().ok(), "{name}");
            assert!(by_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn names_are_known_in_other_spellings() {
        for (name, zone) in [
            ("europe/BERLIN", Tz::Europe__Berlin),
            ("\"Europe/Berlin\"", Tz::Europe__Berlin),
            ("/vendor.example.net/20200101_1/America/Argentina/Buenos_Aires", Tz::America__Argentina__Buenos_Aires),
            ("UTC+11", Tz::Etc__GMTMinus11),
            ("GMT-03:00", Tz::Etc__GMTPlus3),
            ("Z", Tz::UTC),
        ] {
            assert_eq!(by_name(name), Some(zone), "{name}");
        }
        for name in ["", "Customized Time Zone", "/vendor.example/Cuba", "UTC+1:2:3", "GMT+0530", "UTC+99", "utc+é"] {
            assert_eq!(by_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_time_in_a_gap_is_read_with_the_offset_before_it() {
        let tz = Tz::Europe__Berlin;
        assert_eq!(existing(at("2025-03-30T02:30:00"), tz), at("2025-03-30T03:30:00"));
        assert_eq!(instant(at("2025-03-30T02:30:00"), tz).naive_utc(), at("2025-03-30T01:30:00"));
        assert_eq!(existing(at("2025-03-30T03:00:00"), tz), at("2025-03-30T03:00:00"));
        assert_eq!(existing(at("2011-12-30T12:00:00"), Tz::Pacific__Apia), at("2011-12-31T12:00:00"));
    }

    #[test]
    fn a_time_that_occurs_twice_means_the_first() {
        assert_eq!(instant(at("2025-10-26T02:30:00"), Tz::Europe__Berlin).naive_utc(), at("2025-10-26T00:30:00"));
    }

    #[test]
    fn a_zone_is_found_by_its_offsets() {
        let days: Vec<_> = (0..365).map(|day| at("2024-01-01T00:00:00") + Duration::days(day)).collect();
        let like = |tz: Tz| move |at| Some(offset_at(at, tz));
        assert_eq!(by_offsets(&days, like(Tz::Europe__Warsaw), &[]), Some(Tz::Europe__Berlin));
        assert_eq!(
            by_offsets(&days, like(Tz::Europe__Warsaw), &[Tz::Asia__Tokyo, Tz::Europe__Rome]),
            Some(Tz::Europe__Rome)
        );
        assert_eq!(by_offsets(&days, like(Tz::Pacific__Noumea), &[]), Some(Tz::Etc__GMTMinus11));
        assert_eq!(by_offsets(&days, |_| Some(1234), &[]), None);
    }
}
