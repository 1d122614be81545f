//! Which category, which language.

use contracts::Category::{
    self, Art, Community, Family, Film, Food, Market, Music, Other, Outdoors, Sport, Talks, Tech, Theatre, Wellbeing,
};

/// Madrid's kinds, the last or the last but one part of the path. What is absent says too little (`ProgramacionDestacada…`).
const MADRID: &[(&str, Category)] = &[
    ("Musica", Music),
    ("DanzaBaile", Theatre),
    ("TeatroPerformance", Theatre),
    ("CircoMagia", Theatre),
    ("Exposiciones", Art),
    ("CineActividadesAudiovisuales", Film),
    ("ConferenciasColoquios", Talks),
    ("CongresosJornadas", Talks),
    ("CursosTalleres", Talks),
    ("RecitalesPresentacionesActosLiterarios", Talks),
    ("ClubesLectura", Talks),
    ("CuentacuentosTiteresMarionetas", Family),
    ("Campamentos", Family),
    ("ActividadesEscolares", Family),
    ("ExcursionesItinerariosVisitas", Outdoors),
    ("ItinerariosOtrasActividadesAmbientales", Outdoors),
    ("ActividadesDeportivas", Sport),
    ("Fiestas", Community),
    ("FiestasNavidadesReyes", Community),
    ("FiestasSemanaSanta", Community),
    ("FiestasCarnavales", Community),
    ("ComemoracionesHomenajes", Community),
    ("LGTBI", Community),
    ("Ferias", Market),
];

/// For these Madrid's kind and the title do not tell.
const MADRID_VAGUE: &[(&str, Category)] =
    &[("ActividadesCalleArteUrbano", Art), ("1ciudad21distritos", Community), ("ConcursosCertamenes", Other)];

/// schema.org's kinds of event.
const SCHEMA: &[(&str, Category)] = &[
    ("MusicEvent", Music),
    ("TheaterEvent", Theatre),
    ("ComedyEvent", Theatre),
    ("DanceEvent", Theatre),
    ("PerformingArtsEvent", Theatre),
    ("SportsEvent", Sport),
    ("ExhibitionEvent", Art),
    ("VisualArtsEvent", Art),
    ("FoodEvent", Food),
    ("ChildrensEvent", Family),
    ("ScreeningEvent", Film),
    ("LiteraryEvent", Talks),
    ("EducationEvent", Talks),
    ("BusinessEvent", Talks),
    ("CourseInstance", Talks),
    ("ConferenceEvent", Talks),
    ("SaleEvent", Market),
    ("Hackathon", Tech),
    ("SocialEvent", Community),
    ("Festival", Community),
];

/// Keywords of data sets and calendars, the telling ones first: an event has several, in no order of weight.
const KEYWORDS: &[(&str, Category)] = &[
    ("farmers market", Market),
    ("flea market", Market),
    ("market", Market),
    ("film", Film),
    ("cinema", Film),
    ("comedy", Theatre),
    ("theatre", Theatre),
    ("theater", Theatre),
    ("dance", Theatre),
    ("music", Music),
    ("concert", Music),
    ("running", Sport),
    ("cycling", Sport),
    ("sports", Sport),
    ("sport", Sport),
    ("yoga", Wellbeing),
    ("health", Wellbeing),
    ("wellness", Wellbeing),
    ("camp", Family),
    ("family/children", Family),
    ("family", Family),
    ("children", Family),
    ("kids", Family),
    ("technology", Tech),
    ("tech", Tech),
    ("talks", Talks),
    ("seminars/workshops", Talks),
    ("workshop", Talks),
    ("literary", Talks),
    ("walking", Outdoors),
    ("food/culinary", Food),
    ("food", Food),
    ("arts/exhibits", Art),
    ("art", Art),
    ("museum", Art),
    ("environmental", Outdoors),
    ("outdoors", Outdoors),
    ("tour", Outdoors),
    ("artisan", Market),
    ("consumer show/convention", Market),
    ("live performances", Music),
    ("nightlife", Music),
    ("trivia", Community),
    ("street festival", Community),
    ("celebration", Community),
    ("charity/cause", Community),
    ("lgbtq2s+", Community),
    ("world culture", Community),
    ("indigenous", Community),
    ("parade", Community),
    ("public square", Community),
    ("history", Art),
];

/// Beginnings of words in a title, in Spanish, German and English, folded to ASCII. The first that occurs decides.
const WORDS: &[(&str, Category)] = &[
    ("cuentacuentos", Family),
    ("titeres", Family),
    ("marionetas", Family),
    ("infantil", Family),
    ("para kinder", Family),
    ("fur kinder", Family),
    ("for kids", Family),
    ("kinder", Family),
    ("bastel", Family),
    ("concierto", Music),
    ("konzert", Music),
    ("concert", Music),
    ("orquesta", Music),
    ("orchester", Music),
    ("orchestra", Music),
    ("musica", Music),
    ("jazz", Music),
    ("zarzuela", Music),
    ("opera", Music),
    ("coro ", Music),
    ("klavier", Music),
    ("trio ", Music),
    ("karaoke", Music),
    ("weihnachtsmarkt", Market),
    ("adventsmarkt", Market),
    ("flohmarkt", Market),
    ("mercadillo", Market),
    ("mercado", Market),
    ("flea market", Market),
    ("farmers market", Market),
    ("exposicion", Art),
    ("ausstellung", Art),
    ("exhibition", Art),
    ("exhibit", Art),
    ("fotografia", Art),
    ("teatro", Theatre),
    ("theater", Theatre),
    ("theatre", Theatre),
    ("danza", Theatre),
    ("ballet", Theatre),
    ("flamenco", Theatre),
    ("circo", Theatre),
    ("comedy", Theatre),
    ("improv", Theatre),
    ("magia", Theatre),
    ("cine", Film),
    ("pelicula", Film),
    ("film", Film),
    ("kino", Film),
    ("documental", Film),
    ("visita guiada", Outdoors),
    ("visitas guiadas", Outdoors),
    ("ruta ", Outdoors),
    ("paseo", Outdoors),
    ("itinerario", Outdoors),
    ("wanderung", Outdoors),
    ("spaziergang", Outdoors),
    ("walking tour", Outdoors),
    ("hike", Outdoors),
    ("carrera", Sport),
    ("torneo", Sport),
    ("turnier", Sport),
    ("tournament", Sport),
    ("marathon", Sport),
    ("yoga", Wellbeing),
    ("meditacion", Wellbeing),
    ("meditation", Wellbeing),
    ("hackathon", Tech),
    ("meetup", Tech),
    ("taller", Talks),
    ("curso", Talks),
    ("conferencia", Talks),
    ("charla", Talks),
    ("coloquio", Talks),
    ("club de lectura", Talks),
    ("presentacion", Talks),
    ("lesung", Talks),
    ("vortrag", Talks),
    ("workshop", Talks),
    ("lecture", Talks),
    ("gastronom", Food),
    ("degustacion", Food),
    ("tasting", Food),
    ("feria", Market),
    ("markt", Market),
    ("basar", Market),
    ("fiesta", Community),
];

/// What a venue is for; folded to ASCII.
const VENUES: &[(&str, Category)] = &[
    ("teatro", Theatre),
    ("danza", Theatre),
    ("circo", Theatre),
    ("cineteca", Film),
    ("filmoteca", Film),
    ("auditorio", Music),
    ("conservatorio", Music),
    ("museo", Art),
    ("sala de exposiciones", Art),
    ("galeria", Art),
    ("educacion ambiental", Outdoors),
    ("biblioteca", Talks),
    ("casa del lector", Talks),
    ("polideportivo", Sport),
    ("deportiva", Sport),
    ("mercado", Market),
];

/// Words that are said of what happens, not of whoever does it, and so decide in a description too.
const DESCRIPTIONS: &[(&str, Category)] = &[
    ("concierto", Music),
    ("recital de", Music),
    ("exposicion", Art),
    ("pelicula", Film),
    ("documental", Film),
    ("largometraje", Film),
    ("cortometraje", Film),
    ("obra de teatro", Theatre),
    ("espectaculo de danza", Theatre),
    ("dramaturgia", Theatre),
    ("taller", Talks),
    ("conferencia", Talks),
    ("coloquio", Talks),
    ("visita guiada", Outdoors),
    ("itinerario", Outdoors),
    ("cuentacuentos", Family),
];

/// When neither kind nor title tell: by the description's beginning, then by the venue.
pub(super) fn by_circumstances(description: &str, venue: &str) -> Option<Category> {
    let beginning: String = description.chars().take(300).collect();
    first_word(&beginning, DESCRIPTIONS).or_else(|| first_word(venue, VENUES))
}

/// By Madrid's path of kinds and audiences. The second one is for when the title does not tell.
pub(super) fn madrid(kind: &str, audience: &str) -> (Option<Category>, Option<Category>) {
    let find = |table: &[(&str, Category)]| {
        kind.rsplit('/').find_map(|part| table.iter().find(|it| it.0 == part.trim()).map(|it| it.1))
    };
    let for_children = audience.contains("Niños") || audience.contains("Familias");
    let vague = if for_children { Some(Family) } else { find(MADRID_VAGUE) };
    // `CursosTalleres/Arte` is a course about art: the first part that is known decides, so look from the general one.
    let certain = kind.split('/').find_map(|part| MADRID.iter().find(|it| it.0 == part.trim()).map(|it| it.1));
    (certain, vague)
}

/// By schema.org's `@type`.
pub(super) fn schema(kind: &str) -> Option<Category> {
    let kind = kind.rsplit(['/', ':', '#']).next().unwrap_or_default();
    SCHEMA.iter().find(|it| it.0 == kind).map(|it| it.1)
}

/// By a data set's keywords or a calendar's categories.
pub(super) fn by_keywords<'a>(keywords: impl IntoIterator<Item = &'a str>) -> Option<Category> {
    let keywords: Vec<String> = keywords.into_iter().map(|it| it.trim().to_lowercase()).collect();
    let exact = keywords.iter().find_map(|it| it.parse().ok());
    exact.or_else(|| KEYWORDS.iter().find(|it| keywords.iter().any(|word| word == it.0)).map(|it| it.1))
}

/// By the words of a title.
pub(super) fn by_words(title: &str) -> Option<Category> {
    first_word(title, WORDS)
}

fn first_word(text: &str, words: &[(&str, Category)]) -> Option<Category> {
    let folded = format!(" {} ", fold(text));
    words
        .iter()
        .filter_map(|(word, category)| Some((begins_at(&folded, word)?, *category)))
        .min_by_key(|(at, _)| *at)
        .map(|(_, category)| category)
}

/// German glues words together, so that `…konzert` and `…markt` also count at a word's end.
fn begins_at(folded: &str, word: &str) -> Option<usize> {
    let glued = ["konzert", "markt", "basar", "ausstellung", "lesung"].contains(&word);
    folded.match_indices(word).map(|it| it.0).find(|at| glued || !folded[..*at].ends_with(char::is_alphanumeric))
}

fn fold(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.nfd().filter(|it| !unicode_normalization::char::is_combining_mark(*it)).flat_map(char::to_lowercase).collect()
}

/// `de-AT` is `de`; what is no tag is none.
pub(super) fn primary_language(tag: &str) -> Option<String> {
    let primary = tag.trim().split(['-', '_']).next()?.to_ascii_lowercase();
    let sound = matches!(primary.len(), 2 | 3) && primary.bytes().all(|it| it.is_ascii_lowercase());
    sound.then_some(primary)
}

/// Words that are frequent in one language and none of the others.
const FREQUENT: [(&str, &[&str]); 4] = [
    ("en", &["the", "and", "of", "with", "for", "your", "you", "this", "is", "from", "our", "at", "will", "are", "by"]),
    ("de", &["der", "die", "das", "und", "mit", "für", "von", "im", "ist", "auf", "zum", "zur", "den", "ein", "eine"]),
    ("es", &["el", "los", "las", "y", "con", "para", "por", "del", "una", "que", "se", "su", "como", "al", "más"]),
    ("fr", &["le", "les", "et", "avec", "pour", "du", "une", "des", "dans", "sur", "au", "aux", "est", "vous", "qui"]),
];

/// The language of a text, if it is one of those that are searched with their grammar and there is enough text to tell.
pub(super) fn detect_language(title: &str, text: &str) -> Option<&'static str> {
    let mut counts = [0_u32; FREQUENT.len()];
    let words = title.split(|it: char| !it.is_alphabetic()).chain(text.split(|it: char| !it.is_alphabetic()));
    for word in words.filter(|it| it.len() < 8).take(2000) {
        let word = word.to_lowercase();
        for (count, (_, frequent)) in counts.iter_mut().zip(&FREQUENT) {
            *count += u32::from(frequent.contains(&word.as_str()));
        }
    }
    let (best, count) = counts.iter().enumerate().max_by_key(|(_, count)| **count)?;
    let second = counts.iter().enumerate().filter(|(at, _)| *at != best).map(|it| *it.1).max().unwrap_or(0);
    (*count >= 3 && *count >= second * 2).then(|| FREQUENT[best].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_tells_what_the_kind_does_not() {
        assert_eq!(madrid("/contenido/actividades/Musica/RockPop", ""), (Some(Music), None));
        assert_eq!(madrid("/contenido/actividades/CursosTalleres/Arte", ""), (Some(Talks), None));
        assert_eq!(madrid("/contenido/actividades/ProgramacionDestacada", "Niños, Mayores"), (None, Some(Family)));
        assert_eq!(by_words("Exposición «La música»"), Some(Art));
        assert_eq!(by_words("Gran Concierto de otoño"), Some(Music));
        assert_eq!(by_words("Weihnachtskonzert im Schloss"), Some(Music));
        assert_eq!(by_words("Ein Scine-Abend"), None);
    }

    #[test]
    fn of_several_keywords_the_telling_one_counts() {
        assert_eq!(by_keywords(["Live Performances", "Food/Culinary", "Music"]), Some(Music));
        assert_eq!(by_keywords(["Nightlife", "Comedy"]), Some(Theatre));
        assert_eq!(by_keywords(["wellbeing"]), Some(Wellbeing));
        assert_eq!(by_keywords(["Something"]), None);
    }

    #[test]
    fn a_language_is_told_only_from_enough_text() {
        assert_eq!(detect_language("", "Der Chor singt mit uns und für die Stadt."), Some("de"));
        assert_eq!(detect_language("", "Join us for the best of the season with your friends."), Some("en"));
        assert_eq!(detect_language("Daily", "foo"), None);
        assert_eq!(primary_language("de-AT"), Some("de".into()));
        assert_eq!(primary_language("Deutsch, bitte"), None);
    }
}
