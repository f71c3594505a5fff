"""The command. It composes both sides, planner and enactor; nothing imports it."""
