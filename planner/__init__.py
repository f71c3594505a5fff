"""Proposes: reads the world and publishes plans. Changes nothing else, anywhere."""
