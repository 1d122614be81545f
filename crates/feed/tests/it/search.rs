use contracts::{
    Category,
    events::{EventSnapshot, EventStatus, EventUnpublished},
};

use crate::support::{Scene, event, scene};

fn in_language(title: &str, language: &str) -> EventSnapshot {
    EventSnapshot { language: language.to_owned(), ..event(title, 10) }
}

/// Percent-encoded, unless it is already.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'%';
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

async fn filled() -> Scene {
    let scene = scene().await;
    for (title, language) in [
        ("Running along the river", "en"),
        ("Baking bread with neighbours", "en"),
        ("Jazz Konzert im Hof", "de"),
        ("Weihnachtsmärkte im Kiez", "de"),
        ("Talleres de cerámica para niños", "es"),
        ("Chansons françaises au café", "fr"),
        ("Koncert w ogrodzie", "pl"),
    ] {
        scene.publish(in_language(title, language)).await;
    }
    scene.publish(EventSnapshot { city: "München".to_owned(), ..in_language("Isarflimmern", "de") }).await;
    scene
}

#[tokio::test]
async fn other_word_forms_and_missing_accents_find_it() {
    let scene = filled().await;
    for (typed, title) in [
        ("runs", "Running along the river"),
        ("run river", "Running along the river"),
        ("baked", "Baking bread with neighbours"),
        ("neighbour", "Baking bread with neighbours"),
        ("konzerte", "Jazz Konzert im Hof"),
        ("Weihnachtsmarkt", "Weihnachtsmärkte im Kiez"),
        ("weihnachtsmarkte", "Weihnachtsmärkte im Kiez"),
        ("taller ceramica", "Talleres de cerámica para niños"),
        ("niño", "Talleres de cerámica para niños"),
        ("chanson francaise", "Chansons françaises au café"),
        ("CAFE", "Chansons françaises au café"),
        ("ogrodzie", "Koncert w ogrodzie"),
        ("munchen", "Isarflimmern"),
        ("münchen", "Isarflimmern"),
        ("isarfl", "Isarflimmern"),
        ("cafe\u{301}", "Chansons françaises au café"),
        // Each word may be of another language than the others; little words of any language do not count.
        ("running garden hof river", ""),
        ("baked kiezvereins", "Baking bread with neighbours"),
        ("konzert fur in the hof", ""),
        ("konzert für hof", "Jazz Konzert im Hof"),
        ("jazz-konzert", "Jazz Konzert im Hof"),
        ("jazz/konzert", "Jazz Konzert im Hof"),
        ("jazz 2027", ""),
        ("jazz dj", ""),
        ("\"konzert im hof\"", "Jazz Konzert im Hof"),
        ("\"hof konzert\"", ""),
        ("hof -konzerte", ""),
        ("running -rivers", ""),
        ("konzert -weihnachtsmarkt", "Jazz Konzert im Hof"),
    ] {
        let expected: &[&str] = if title.is_empty() { &[] } else { &[title] };
        assert_eq!(scene.titles(&format!("q={}", encoded(typed))).await, expected, "{typed}");
    }
}

#[tokio::test]
async fn a_typo_still_finds_it_and_the_answer_says_so() {
    let scene = filled().await;
    for (typed, title, corrected) in [
        ("Wehnachtsmarkte", "Weihnachtsmärkte im Kiez", "weihnachtsmärkte"),
        ("jaz konzert", "Jazz Konzert im Hof", "jazz konzert"),
        ("runing", "Running along the river", "running"),
        ("muenchen", "Isarflimmern", "münchen"),
        ("ceramcia", "Talleres de cerámica para niños", "cerámica"),
        // Two letters swapped, at the beginning of a short word.
        ("ajzz", "Jazz Konzert im Hof", "jazz"),
        // What is not wrong stays as it was typed.
        ("Jaz \"Konzert im Hof\" -Bier", "Jazz Konzert im Hof", "jazz \"Konzert im Hof\" -Bier"),
        ("konzert -kiezvereim -jaz wehnacht", "", ""),
    ] {
        let answer = scene.client.get(&format!("/api/v1/events?q={}", encoded(typed))).await.expect(200);
        let expected: &[&str] = if title.is_empty() { &[] } else { &[title] };
        assert_eq!(crate::support::titles(&answer.json), expected, "{typed}");
        let corrected = (!corrected.is_empty()).then_some(corrected);
        assert_eq!(answer.json["corrected"].as_str(), corrected, "{typed}");
    }
    let exact = scene.client.get("/api/v1/events?q=running").await.expect(200);
    assert_eq!(exact.json["corrected"], serde_json::Value::Null);
    let nonsense = scene.client.get("/api/v1/events?q=qqqqzzzzxxxx").await.expect(200);
    assert_eq!(nonsense.json["items"], serde_json::json!([]));
}

#[tokio::test]
async fn the_title_counts_more_than_the_description() {
    let scene = scene().await;
    let mentions = EventSnapshot { description: "Perhaps some jazz later.".to_owned(), ..event("Open mic", 1) };
    scene.publish(mentions).await;
    scene.publish(event("Jazz in the yard", 20)).await;
    assert_eq!(scene.titles("q=jazz").await, ["Jazz in the yard", "Open mic"]);
    assert_eq!(scene.titles("q=jazz&sort=soonest").await, ["Open mic", "Jazz in the yard"]);
}

#[tokio::test]
async fn a_category_is_found_by_its_name() {
    let scene = scene().await;
    scene.publish(EventSnapshot { category: Category::Film, ..event("The long night", 1) }).await;
    assert_eq!(scene.titles("q=cinema").await, ["The long night"]);
}

#[tokio::test]
async fn a_category_is_found_in_forms_of_its_name_in_other_languages() {
    let scene = scene().await;
    scene.publish(EventSnapshot { category: Category::Art, ..event("Blue period", 1) }).await;
    for typed in ["exhibitions", "Ausstellungen", "exposiciones", "expositions"] {
        assert_eq!(scene.found_as_typed(typed).await, ["Blue period"], "{typed}");
    }
    scene.publish(EventSnapshot { category: Category::Family, ..event("Mud and water", 1) }).await;
    assert_eq!(scene.found_as_typed("kindern").await, ["Mud and water"]);
}

#[tokio::test]
async fn the_closer_the_words_are_to_the_title_the_earlier_it_comes() {
    let scene = scene().await;
    let venue = |name: &str| contracts::events::Venue { name: name.to_owned(), address: None, lat: None, lon: None };
    let text = |text: &str| text.to_owned();
    scene.publish(EventSnapshot { description: text("A jazz night it will be."), ..event("Described", 1) }).await;
    scene.publish(EventSnapshot { summary: text("A jazz night it will be."), ..event("Summed up", 2) }).await;
    scene.publish(EventSnapshot { venue: venue("Night Café"), ..event("Jazz at the place", 3) }).await;
    scene.publish(event("Night of all jazz", 4)).await;
    scene.publish(event("Our big jazz night", 5)).await;
    scene.publish(event("Jazz Night", 6)).await;
    scene.publish(event("Jazz nightmares", 0)).await;
    let expected = [
        "Jazz Night",
        "Our big jazz night",
        "Night of all jazz",
        "Jazz at the place",
        "Summed up",
        "Described",
        "Jazz nightmares",
    ];
    assert_eq!(scene.titles("q=jazz+night").await, expected);
}

#[tokio::test]
async fn an_excluded_word_may_be_anywhere() {
    let scene = scene().await;
    for n in 0..3 {
        let with_beer = EventSnapshot { description: "And beer.".to_owned(), ..event("Jazz", n) };
        scene.publish(with_beer).await;
    }
    scene.publish(event("Jazz without", 5)).await;
    for sort in ["relevance", "soonest"] {
        assert_eq!(scene.titles(&format!("q=jazz+-beer&limit=2&sort={sort}")).await, ["Jazz without"], "{sort}");
    }
    assert_eq!(scene.titles("q=-beer").await, ["Jazz without"]);
}

#[tokio::test]
async fn pages_by_relevance_go_from_titles_to_descriptions() {
    let scene = scene().await;
    let mut expected = Vec::new();
    for (rank, title) in ["Jazz {}", "Evening {}"].into_iter().enumerate() {
        for n in 0..7 {
            let title = title.replace("{}", &n.to_string());
            let description = if rank == 0 { "" } else { "With some jazz." }.to_owned();
            scene.publish(EventSnapshot { description, ..event(&title, n) }).await;
            expected.push(title);
        }
    }
    for limit in [1, 2, 3, 7, 14, 20] {
        let list = format!("/api/v1/events?q=jazz&limit={limit}");
        let mut seen = Vec::new();
        let mut path = list.clone();
        loop {
            let page = scene.client.get(&path).await.expect(200);
            seen.extend(crate::support::titles(&page.json));
            let Some(cursor) = page.json["next_cursor"].as_str() else { break };
            path = format!("{list}&cursor={cursor}");
        }
        assert_eq!(seen, expected, "{limit}");
    }
}

#[tokio::test]
async fn a_correction_is_spelled_with_its_accents() {
    let scene = scene().await;
    for title in ["MUSICA", "Música", "Musica"] {
        scene.publish(event(title, 1)).await;
    }
    let answer = scene.client.get("/api/v1/events?q=musoca").await.expect(200);
    assert_eq!(answer.json["corrected"], "música");
}

#[tokio::test]
async fn words_of_what_is_over_are_forgotten() {
    let scene = scene().await;
    scene.publish(event("Lampe", 1)).await;
    scene.publish(event("Rampe", 100)).await;
    scene.clock.advance(chrono::TimeDelta::hours(10));
    scene.clean_up().await;
    let answer = scene.client.get("/api/v1/events?q=zampe").await.expect(200);
    assert_eq!(answer.json["corrected"], "rampe");
}

#[tokio::test]
async fn nothing_is_corrected_to_what_is_not_public() {
    let scene = scene().await;
    let secret = event("Zirkuszauber", 5);
    scene.publish(secret.clone()).await;
    let draft = EventSnapshot { version: 2, status: EventStatus::Draft, ..secret };
    scene.db.deliver(&scene.consumer, &EventUnpublished { event: draft }).await;
    let answer = scene.client.get("/api/v1/events?q=zirkuszuaber").await.expect(200);
    assert_eq!(answer.json["corrected"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_correction_goes_on_to_the_next_page() {
    let scene = scene().await;
    for n in 0..5 {
        scene.publish(event(&format!("Jazz {n}"), n)).await;
    }
    let mut seen = Vec::new();
    let mut path = "/api/v1/events?q=jzzz&limit=2".to_owned();
    loop {
        let page = scene.client.get(&path).await.expect(200);
        assert_eq!(page.json["corrected"], "jazz");
        seen.extend(crate::support::titles(&page.json));
        let Some(cursor) = page.json["next_cursor"].as_str() else { break };
        path = format!("/api/v1/events?q=jzzz&limit=2&cursor={cursor}");
        // From now on something contains what was typed; the list that is being read stays what it was.
        scene.publish(event("Jzzz", 1)).await;
    }
    assert_eq!(seen, ["Jazz 0", "Jazz 1", "Jazz 2", "Jazz 3", "Jazz 4"]);
}

#[tokio::test]
async fn spellings_of_the_same_word_find_each_other() {
    let scene = scene().await;
    scene.publish(in_language("Muenchner Gruesse", "de")).await;
    scene.publish(in_language("Lesung/Konzert ab U30", "de")).await;
    for (typed, title) in [
        ("münchner", "Muenchner Gruesse"),
        ("grüße", "Muenchner Gruesse"),
        ("Ü30", "Lesung/Konzert ab U30"),
        ("konzerte", "Lesung/Konzert ab U30"),
    ] {
        assert_eq!(scene.found_as_typed(&encoded(typed)).await, [title], "{typed}");
    }
}

#[tokio::test]
async fn hostile_queries_are_answered() {
    let scene = filled().await;
    for typed in [
        "'",
        "''",
        "\\",
        "%25",
        "&",
        "|",
        "!",
        "()",
        "a%20%26%20b",
        ":*",
        "<->",
        "\"",
        "\"unclosed",
        "-",
        "--",
        "the",
        "%F0%9F%A6%94",
        "*",
        "a:b:c",
        "%27%20OR%201%3D1",
        "%5C%27",
        "1234567890",
        "%E2%80%8B",
        "- -",
        "-\"",
        "\"\"",
        "-\"a b",
        "a -\"b c\" d",
        "'a':*A & !b",
        "\\':A <-> |",
        "a <b> c </b> &amp; https://x.y/z?a=b",
        "or and not OR AND NOT",
        "1e5 -3.5 +7 v2.0.1 ½ ² ①",
        "ก็ हिन्दी 音乐会 موسيقى",
        &"a ".repeat(100),
        &"-b ".repeat(66),
        &"die ".repeat(50),
        &"é".repeat(200),
        &"\"".repeat(200),
        &"qzx ".repeat(50),
    ] {
        for sort in ["relevance", "soonest", "trending"] {
            let answer = scene.client.get(&format!("/api/v1/events?sort={sort}&q={}", encoded(typed))).await;
            assert!(matches!(answer.status.as_u16(), 200 | 422), "{typed}: {}", answer.status);
        }
    }
    for (typed, status) in [("%00", 422), (&*"x".repeat(201), 422), (&*"x".repeat(10_000), 422), ("", 422)] {
        let answer = scene.client.get(&format!("/api/v1/events?q={typed}")).await.expect(status);
        assert_eq!(answer.field(), "q");
    }
}
