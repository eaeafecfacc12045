//! Links between two cases. A link is one row with two ends; what it is called depends on the end
//! from which it is read.

use crate::ids::CaseId;
use crate::time::Instant;

/// How many cases may stand above the one that another becomes a child, a part or a duplicate of:
/// all of them are looked at, and guarded, when the link is made.
pub const ABOVE_MAX: usize = 32;

/// What a link is, seen from its first case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// They belong together; both ends are alike.
    Related,
    /// The first says what the second says.
    Duplicate,
    /// The first was split off the second.
    Split,
    /// The second is the larger matter that the first is part of.
    Parent,
}

super::words!(LinkKind {
    Related = "related",
    Duplicate = "duplicate",
    Split = "split",
    Parent = "parent",
});

impl LinkKind {
    /// Whether the second case stands above the first. Of such links none may lead round.
    pub const fn rises(self) -> bool {
        match self {
            Self::Related => false,
            Self::Duplicate | Self::Split | Self::Parent => true,
        }
    }
}

/// What the other case is to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tie {
    /// It belongs to it.
    Related,
    /// This case is a duplicate of it.
    DuplicateOf,
    /// It is a duplicate of this case.
    HasDuplicate,
    /// This case was split off it.
    SplitFrom,
    /// It was split off this case.
    SplitInto,
    /// It is this case's parent.
    Parent,
    /// It is this case's child.
    Child,
}

super::words!(Tie {
    Related = "related",
    DuplicateOf = "duplicate-of",
    HasDuplicate = "has-duplicate",
    SplitFrom = "split-from",
    SplitInto = "split-into",
    Parent = "parent",
    Child = "child",
});

impl Tie {
    /// The same link, seen from the other end.
    pub const fn turned(self) -> Self {
        match self {
            Self::Related => Self::Related,
            Self::DuplicateOf => Self::HasDuplicate,
            Self::HasDuplicate => Self::DuplicateOf,
            Self::SplitFrom => Self::SplitInto,
            Self::SplitInto => Self::SplitFrom,
            Self::Parent => Self::Child,
            Self::Child => Self::Parent,
        }
    }

    /// The kind, and whether the case from which it is seen is the first of the link.
    const fn kind(self) -> (LinkKind, bool) {
        match self {
            Self::Related => (LinkKind::Related, true),
            Self::DuplicateOf => (LinkKind::Duplicate, true),
            Self::HasDuplicate => (LinkKind::Duplicate, false),
            Self::SplitFrom => (LinkKind::Split, true),
            Self::SplitInto => (LinkKind::Split, false),
            Self::Parent => (LinkKind::Parent, true),
            Self::Child => (LinkKind::Parent, false),
        }
    }
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The first case.
    pub case: CaseId,
    /// The second case.
    pub other: CaseId,
    /// What the first is to the second.
    pub kind: LinkKind,
    /// Since when.
    pub at: Instant,
}

impl Link {
    /// The link by which `other` is a `tie` to `case`. Of two related cases the earlier one is the
    /// first, so that they are never linked twice.
    pub fn between(case: &CaseId, tie: Tie, other: &CaseId, at: Instant) -> Self {
        let (kind, first) = tie.kind();
        let in_order = match kind {
            LinkKind::Related => case < other,
            _ => first,
        };
        let (case, other) = if in_order { (case, other) } else { (other, case) };
        Self { case: case.clone(), other: other.clone(), kind, at }
    }

    /// Whether both are the same link, whenever it was made.
    pub fn same(&self, link: &Self) -> bool {
        self.case == link.case && self.other == link.other && self.kind == link.kind
    }

    /// What the other end is to `case`, and which case that is.
    pub fn seen_from(&self, case: &CaseId) -> (Tie, &CaseId) {
        let first = self.case == *case;
        let tie = match self.kind {
            LinkKind::Related => Tie::Related,
            LinkKind::Duplicate => Tie::DuplicateOf,
            LinkKind::Split => Tie::SplitFrom,
            LinkKind::Parent => Tie::Parent,
        };
        if first { (tie, &self.other) } else { (tie.turned(), &self.case) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_one_thing_from_both_its_ends() {
        let id = |end: &str| CaseId::parse(&format!("cs_0000000000000000000000000{end}"));
        let (one, two) = (id("1").expect("an id"), id("2").expect("an id"));
        let at = Instant::from_millis(5);
        for tie in Tie::ALL {
            let link = Link::between(&one, *tie, &two, at);
            assert_eq!(link, Link::between(&two, tie.turned(), &one, at), "{tie:?}");
            assert_eq!(link.seen_from(&one), (*tie, &two));
            assert_eq!(link.seen_from(&two), (tie.turned(), &one));
        }
    }
}
