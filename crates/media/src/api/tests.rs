use axum::{body::Body, http::Request};
use tower::ServiceExt;

use super::*;

const ID: &str = "01905a7b-3c00-7000-8000-000000000001";

async fn get_from(router: Router, path: &str) -> Response {
    router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

async fn fetch(path: &str) -> Response {
    get_from(routes(), path).await
}

async fn body(response: Response) -> Vec<u8> {
    axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
}

fn header_of<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn an_svg_may_be_kept_for_ever_and_do_nothing() {
    let response = fetch(&format!("/media/covers/music/{ID}.svg")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header_of(&response, "content-type"), "image/svg+xml");
    assert_eq!(header_of(&response, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header_of(&response, "x-content-type-options"), "nosniff");
    assert_eq!(header_of(&response, "content-security-policy"), "default-src 'none'; style-src 'unsafe-inline'");
    let expected = cover_svg(Category::Music, ID.parse().unwrap());
    assert_eq!(body(response).await, expected.into_bytes());
}

#[tokio::test]
async fn a_png_may_be_kept_for_ever() {
    let response = fetch(&format!("/media/covers/film/{ID}.png")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header_of(&response, "content-type"), "image/png");
    assert_eq!(header_of(&response, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header_of(&response, "x-content-type-options"), "nosniff");
    assert!(body(response).await.starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn every_category_has_covers() {
    for category in Category::ALL {
        let response = fetch(&format!("/media/covers/{category}/{ID}.svg")).await;
        assert_eq!(response.status(), 200, "{category}");
    }
}

#[tokio::test]
async fn whatever_is_not_a_cover_is_not_found() {
    for path in [
        format!("/media/covers/gardening/{ID}.svg"),
        format!("/media/covers/Music/{ID}.svg"),
        format!("/media/covers/music/{ID}.gif"),
        format!("/media/covers/music/{ID}"),
        format!("/media/covers/music/{}.svg", ID.to_uppercase()),
        format!("/media/covers/music/{}.svg", ID.replace('-', "")),
        format!("/media/covers/music/%7B{ID}%7D.svg"),
        format!("/media/covers/music/urn:uuid:{ID}.svg"),
        "/media/covers/music/1.svg".to_owned(),
        "/media/covers/music/.svg".to_owned(),
        "/media/covers/music/%FF.svg".to_owned(),
        "/media/covers/music".to_owned(),
    ] {
        assert_eq!(fetch(&path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_full_line_sends_you_away_with_a_time_to_come_back() {
    let press = Press::new(1, 0);
    let _somebody = Arc::clone(&press.admitted).try_acquire_owned().unwrap();
    let response = get_from(routes_with(press.clone()), &format!("/media/covers/music/{ID}.png")).await;
    assert_eq!(response.status(), 503);
    assert_eq!(header_of(&response, "retry-after"), "1");
    assert_eq!(header_of(&response, "cache-control"), "no-store");
    let svg = get_from(routes_with(press), &format!("/media/covers/music/{ID}.svg")).await;
    assert_eq!(svg.status(), 200, "drawing needs no press");
}

#[tokio::test]
async fn whoever_waits_in_line_is_served_when_a_press_is_free() {
    let press = Press::new(1, 1);
    let busy = Arc::clone(&press.presses).try_acquire_owned().unwrap();
    let router = routes_with(press.clone());
    let waiting = tokio::spawn(async move { get_from(router, &format!("/media/covers/art/{ID}.png")).await });
    tokio::time::timeout(std::time::Duration::from_secs(10), async {
        while press.admitted.available_permits() == 2 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the request has joined the line");
    assert!(!waiting.is_finished());
    drop(busy);
    assert_eq!(waiting.await.unwrap().status(), 200);
    assert_eq!((press.admitted.available_permits(), press.presses.available_permits()), (2, 1));
}
