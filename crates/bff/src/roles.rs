//! The roles behind the door, and the operations that one of them answers alone.

use std::collections::{HashMap, HashSet};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State as Extract},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, on},
};
use platform::{http::Method, problem::Problem, role::RoleService};
use utoipa::openapi::{OpenApi, PathItem};

use crate::{State, session};

/// One role as the door sees it.
#[derive(Debug)]
pub struct PublicRole {
    /// Name of role.
    pub name: &'static str,
    /// Where it answers.
    pub service: RoleService,
    /// Its public operations, see [`operations`].
    pub operations: HashSet<(Method, String)>,
    /// Paths outside of the API (with `{…}`), answered to GET.
    pub pages: &'static [&'static str],
}

/// All roles by name.
#[derive(Debug)]
pub struct Roles(HashMap<&'static str, PublicRole>);

impl Roles {
    /// # Panics
    /// If one of the roles that the door composes from is missing: a mistake in the composition, found at start.
    pub fn new(roles: Vec<PublicRole>) -> Self {
        let roles: HashMap<_, _> = roles.into_iter().map(|role| (role.name, role)).collect();
        for name in ["auth", "events", "joins", "feed", "notify"] {
            assert!(roles.contains_key(name), "the role {name} is missing behind the public door");
        }
        Self(roles)
    }

    pub(crate) fn service(&self, name: &'static str) -> &RoleService {
        &self.0[name].service
    }
}

/// Method and path of each operation of a description.
pub fn operations(api: &OpenApi) -> HashSet<(Method, String)> {
    api.paths
        .paths
        .iter()
        .flat_map(|(path, item)| methods(item).into_iter().map(move |method| (method, path.clone())))
        .collect()
}

fn methods(item: &PathItem) -> Vec<Method> {
    [
        (item.get.is_some(), Method::GET),
        (item.post.is_some(), Method::POST),
        (item.put.is_some(), Method::PUT),
        (item.patch.is_some(), Method::PATCH),
        (item.delete.is_some(), Method::DELETE),
    ]
    .into_iter()
    .filter_map(|(present, method)| present.then_some(method))
    .collect()
}

/// Routes for every operation of every role, except those that are composed here.
pub fn pass_through(roles: &Roles, own: &HashSet<(Method, String)>) -> Router<State> {
    let mut router = Router::new();
    for role in roles.0.values() {
        let name = role.name;
        for (method, path) in &role.operations {
            if own.contains(&(method.clone(), path.clone())) {
                continue;
            }
            let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
            router = router.route(path, on(filter, move |state, request| forward(name, state, request)));
        }
        for path in role.pages {
            router = router.route(path, on(MethodFilter::GET, move |state, request| forward(name, state, request)));
        }
    }
    router
}

/// Passes a request on with another beginning of its path: `/api/v1/dev/mails` becomes `/internal/notify/mails`.
pub async fn forward_renamed(
    name: &'static str,
    prefix: &'static str,
    state: Extract<State>,
    mut request: Request,
) -> Response {
    let path = request.uri().path_and_query().map_or("", |it| it.as_str());
    let renamed = path.strip_prefix("/api/v1/dev").map(|rest| format!("{prefix}{rest}"));
    let Some(uri) = renamed.and_then(|path| path.parse().ok()) else {
        return Problem::not_found().into_response();
    };
    *request.uri_mut() = uri;
    forward(name, state, request).await
}

/// Passes a request on as it is, and the answer back.
async fn forward(name: &'static str, Extract(state): Extract<State>, mut request: Request) -> Response {
    // What our router noted about the request would be taken for the role's own (path parameters add up).
    request.extensions_mut().clear();
    // The door has limited the body; another limit of the framework's own must not come between.
    DefaultBodyLimit::disable().apply(&mut request);
    let role = state.role(name);
    let calling = role.calling(&mut request);
    let response = role.answer(request).await;
    calling.answered(response.status());
    session::translate(&state, response)
}
