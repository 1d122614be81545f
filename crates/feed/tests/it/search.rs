use contracts::{Category, events::EventSnapshot};

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
    ] {
        assert_eq!(scene.titles(&format!("q={}", typed.replace(' ', "+"))).await, [title], "{typed}");
    }
}

#[tokio::test]
async fn a_typo_still_finds_it_and_the_answer_says_so() {
    let scene = filled().await;
    for (typed, title, corrected) in [
        ("Wehnachtsmarkte", "Weihnachtsmärkte im Kiez", "weihnachtsmarkte"),
        ("jaz konzert", "Jazz Konzert im Hof", "jazz konzert"),
        ("runing", "Running along the river", "running"),
        ("muenchen", "Isarflimmern", "munchen"),
        ("ceramcia", "Talleres de cerámica para niños", "ceramica"),
    ] {
        let answer = scene.client.get(&format!("/api/v1/events?q={}", typed.replace(' ', "+"))).await.expect(200);
        assert_eq!(crate::support::titles(&answer.json), [title], "{typed}");
        assert_eq!(answer.json["corrected"], corrected, "{typed}");
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
    ] {
        let answer = scene.client.get(&format!("/api/v1/events?q={}", encoded(typed))).await;
        assert!(matches!(answer.status.as_u16(), 200 | 422), "{typed}: {}", answer.status);
    }
    for (typed, status) in [("%00", 422), (&*"x".repeat(201), 422), ("", 422)] {
        let answer = scene.client.get(&format!("/api/v1/events?q={typed}")).await.expect(status);
        assert_eq!(answer.field(), "q");
    }
}
