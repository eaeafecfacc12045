//! Query strings, read strictly: a name nobody knows, or one that comes twice, is refused by name.
//! A filter that is misspelt must never be a list of everything.

use http::Uri;

use super::fields;
use super::problem::Problem;

/// The values of `names`, in their order.
pub(super) fn read<const N: usize>(
    uri: &Uri,
    names: [&str; N],
) -> Result<[Option<String>; N], Problem> {
    let mut values = [const { None }; N];
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()) {
        let Some(place) = names.iter().position(|known| *known == name) else {
            let known = names.into_iter().chain(fields::are_known().then_some("fields"));
            let known = known.collect::<Vec<_>>().join(", ");
            return Err(Problem::field(name, format!("it is unknown here; known are {known}")));
        };
        if values[place].replace(value.into_owned()).is_some() {
            return Err(Problem::field(names[place], "it comes twice"));
        }
    }
    Ok(values)
}
