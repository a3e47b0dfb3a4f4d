"""What the benches share: traffic, a load generator, servers, rounds and reports."""
