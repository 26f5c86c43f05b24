# Results in object storage, where Snakemake is run with --default-storage-provider: what goes there, and what goes along with a file.
# Only the folder results does. Code, configuration, resources and the user's files stay where they are.
from snakemake.io import ExistsDict, IOCache


def store_results(modifier, provider):
    """Let the provider keep what lies in the folder results, each file with its record and the shards that it joins."""
    modify, kind = modifier.apply_default_storage, provider.get_storage_object_cls()
    folder = f"{modifier.prefix or ''}results/"

    def apply_default_storage(path):
        return modify(path) if workflow.pathvars.apply(str(path)).startswith(folder) else path

    class StorageObject(kind):
        """A file with what lies beside it and is no output: its record, and the shards of features with theirs."""

        def __post_init__(self):
            super().__post_init__()
            # Shards are no inputs of the jobs that read features through the file that joins them. The manifests of shards are
            # inputs of jobs and parts of a folder that is one output: Snakemake would delete them one by one.
            self.keep_local = self.keep_local or not {"features", "images"}.isdisjoint(self.query.split("/"))

        def local_suffix(self):
            # By the query, which has the constraints of wildcards: the plugins keep the suffix of a query without them.
            return self.query.partition("://")[2]

        def beside(self, name):
            return kind(f"{self.query.rpartition('/')[0]}/{name}", self.keep_local, self.retrieve, self.provider)

        def record(self, name):
            folder, _, file = name.rpartition("/")
            return self.beside(f"{folder}/.{file}.record" if folder else f".{file}.record")

        def store_object(self):
            super().store_object()
            record = self.record(self.local_path().name)
            if record.local_path().is_file():
                record.store_object()

        def retrieve_object(self):
            super().retrieve_object()
            path = self.local_path()
            files = [self.record(path.name)]
            if path.suffix == ".h5":
                for name in joined_shards(path):
                    files += [self.beside(name), self.record(name)]
            for file in files:
                if file.exists():
                    file.local_path().parent.mkdir(parents=True, exist_ok=True)
                    file.retrieve_object()

    modifier.apply_default_storage = apply_default_storage
    provider.get_storage_object_cls = lambda: StorageObject


def joined_shards(path):
    """Return the shards that a file of features joins, by their names from its folder; none of another file."""
    import h5py  # here, since only a run with results in storage needs it

    with h5py.File(path, "r", locking=False) as file:
        return list(file["shard"].asstr()) if "shard" in file else []


def retrieved(file):
    """Return the path of an output, fetched from storage where the copy is missing or older: Snakemake fetches for jobs alone."""
    if file.is_storage and not (os.path.exists(file) and os.path.getmtime(file) >= file.storage_object.mtime()):
        os.makedirs(os.path.dirname(file), exist_ok=True)
        file.storage_object.retrieve_object()
    return str(file)


def stored_text():
    """Return what the terminal says at the end of a run with results in storage: where they are. They need not lie here."""
    files = {file for job in workflow.dag.targetjobs for file in job.output or job.input if file.is_storage}
    return "\n".join(["In storage:", *sorted(f"  {file.storage_object.print_query}" for file in files)])


if workflow.storage_registry.default_storage_provider is not None:
    # Snakemake 9.27 remembers that a local copy is there after it has deleted it, and takes it for write-protected then.
    IOCache.exists_local = property(ExistsDict)
    store_results(workflow.modifier.path_modifier, workflow.storage_registry.default_storage_provider)
