//! The sandbox as its callers see it. Its tiers' own tests are beside their code.
