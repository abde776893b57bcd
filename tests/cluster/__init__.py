"""Brings real clusters up, for the test tiers and for the demo, and takes every trace of them down again.

* API server tier: `control_plane` runs etcd, an API server and a controller manager on loopback, as any user.
* Cluster tier: `engine` finds or starts a container engine, `node_image` finds or builds what a node runs, `kind` joins
  them, `images` builds the desk's own images and loads them.

`tools` gives each of them its programs: the ones on PATH where they are new enough, else built once from the Go modules
locked in `modules/`. Whatever takes long is kept in the cache (`cache`), under the hash of its recipe.
"""
