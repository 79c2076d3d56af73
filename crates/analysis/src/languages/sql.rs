//! SQL. Its statements have facts of their own, in `crate::sql`; only the words are here.

pub(super) const KEYWORDS: &str = "add all alter and any as asc begin between by case check column commit constraint create \
    cross default delete desc distinct drop else end except exists false foreign from full group having if in index inner \
    insert intersect into is join key left like limit natural not null offset on or order outer over partition primary \
    references returning right rollback select set table then to true union unique update using values view when where with";
