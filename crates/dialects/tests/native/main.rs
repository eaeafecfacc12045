//! The native API from outside, through the whole router: stories on both engines, who may what,
//! bad input by the table, and the document that outsiders read.

mod access;
mod admin;
mod assigning;
mod bad_input;
mod claims;
mod contract;
mod conventions;
mod docs;
mod evidence;
mod examples;
mod hidden;
mod isolation;
mod once;
mod ops;
mod people;
mod reading;
mod seeds;
mod signed;
mod stories;
mod support;
mod telling;
