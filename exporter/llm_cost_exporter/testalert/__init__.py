"""A test alert through a user's own Alertmanager: httpconfig -> session -> client; alert says what is sent, deliveries what came of it."""
