"""Strict stand-ins for what planfence stores in and acts on.

A double does everything that the contract promises and nothing that it leaves open: what the real
thing refuses it refuses, and what it hands out nobody can change. ``tests/contracts`` holds each
double to the suite of the real thing.
"""
