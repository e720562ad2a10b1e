"""View record to component: figures, tables, badges (pure)."""
