"""Entitlements and annual quota: who is granted what."""
