using Appliance.Contract;
using Appliance.Ingest.Journal;

namespace Appliance.Host.Configuration;

internal enum Topology { Fused, Paired, Staged }

internal sealed record ThreadPlacement(int Core, string Scheduling, int Priority, RingWait Wait);

/// <summary>A hardware profile, checked and frozen: what the machine is and which thread runs where. It holds no trading limit.</summary>
internal sealed record HardwareProfile
{
    public required string File { get; init; }
    public required byte[] Bytes { get; init; }
    public required string Name { get; init; }
    public required Topology Topology { get; init; }
    public required ThreadPlacement Hot { get; init; }
    public required ThreadPlacement Decide { get; init; }
    public required ThreadPlacement Gateway { get; init; }
    public required ThreadPlacement Journal { get; init; }
    public required string RingImplementation { get; init; }
    public required int RingCapacity { get; init; }
    public required int BatchLimit { get; init; }
    public required int PacketsPerPoll { get; init; }
    public required int ReceiveBufferBytes { get; init; }
    public required int BusyPollMicroseconds { get; init; }
    public required string GatewayImplementation { get; init; }
    public required int GatewayPollMicroseconds { get; init; }
    public required string ComputeBackend { get; init; }
    public required Kernels.Ilgpu.IlgpuOptions ComputeDevice { get; init; }
    public required int TimerMilliseconds { get; init; }
    public required double OverloadRingShare { get; init; }
    public required double JournalLagRingShare { get; init; }
    public required JournalDurability JournalDurability { get; init; }
    public required int JournalSyncMilliseconds { get; init; }
    public required int WatchdogMilliseconds { get; init; }
    public required int RehearseMicroseconds { get; init; }
    public required bool LockMemory { get; init; }
    public required bool HugePages { get; init; }
    public required int MaxOrders { get; init; }
    public required int MaxLevels { get; init; }
    public required int LiveOrders { get; init; }
    public required int OrderLogMegabytes { get; init; }
    public required Fix.StoreOptions FixStore { get; init; }
    /// <summary>Log messages in plain text; 0 does not, else the size of a file in MiB.</summary>
    public required int MessageLogMegabytes { get; init; }
    public required int LowestCores { get; init; }
    /// <summary>The polling thread is placed by the machine, not by the file.</summary>
    public required bool PlacesItself { get; init; }
    /// <summary>How long a sleeping journal thread that found nothing sleeps.</summary>
    public required int JournalPauseMicroseconds { get; init; }
    /// <summary>Packets kept while a hole before them is open.</summary>
    public required int HeldPackets { get; init; }

    private static Section Thread(string name, string wait, string who) => new(name,
        new("core", SettingType.Integer, $"The processor that {who} is pinned to; -1 leaves it to the kernel.") { Default = "-1", Min = -1, Max = 1023 },
        new("scheduling", SettingType.Choice, "The kernel's class; fifo needs the right to use it (CAP_SYS_NICE) and a core of its own.") { Default = "\"other\"", Choices = ["other", "fifo"] },
        new("priority", SettingType.Integer, "Priority within fifo; ignored for other.") { Default = "10", Min = 1, Max = 99 },
        new("wait", SettingType.Choice, "How the thread waits for events. Spinning threads must not outnumber cores.") { Default = $"\"{wait}\"", Choices = ["busy-spin", "yielding", "sleeping", "parking"] });

    internal static readonly Section Keys = new("profile",
        new("name", SettingType.Text, "What reports call this profile.") { Required = true },
        new("topology", SettingType.Choice, "fused: one thread polls, decides and sends (lowest latency); paired: ingest | decide and send; staged: ingest | decide | gateway.") { Required = true, Choices = ["fused", "paired", "staged"] },
        new("cores", SettingType.Integer, "The fewest processors this profile is meant for; doctor compares.") { Default = "2", Min = 1, Max = 1024, Unit = "cores" },
        new("placement", SettingType.Choice, "stated: threads run where `threads` says. auto, in fused: where the machine gives this process two processors or more, the polling thread has the last one for itself and spins; with fewer, as stated. The report says which.") { Default = "\"stated\"", Choices = ["stated", "auto"] },
        new("threads", SettingType.Object, "Where each thread runs.")
        {
            Section = new("threads",
            new("hot", SettingType.Object, "Polls the feed; in fused it also decides and sends.") { Section = Thread("hot", "busy-spin", "the polling thread") },
            new("decide", SettingType.Object, "Decides, in paired and staged.") { Section = Thread("decide", "busy-spin", "the decision thread") },
            new("gateway", SettingType.Object, "Sends and receives orders, in staged.") { Section = Thread("gateway", "yielding", "the gateway thread") },
            new("journal", SettingType.Object, "Writes the journal.") { Section = Thread("journal", "sleeping", "the journal thread") })
        },
        new("ring", SettingType.Object, "The event ring.")
        {
            Section = new("ring",
            new("implementation", SettingType.Choice, "embedded is ours; disruptor is Disruptor-net, present when make configure found it.") { Default = "\"embedded\"", Choices = ["embedded", "disruptor"] },
            new("capacity", SettingType.Integer, "Slots of 64 bytes, a power of two; it must hold the longest stall of the journal at the peak rate.") { Default = "65536", Min = 16384, Max = 16777216, Unit = "events" },
            new("batchLimit", SettingType.Integer, "The most events a consumer handles before it releases them.") { Default = "256", Min = 1, Max = 65536, Unit = "events" },
            new("overloadShare", SettingType.Number, "Share of the ring that may wait undecided before decide marks are skipped.") { Default = "0.5", Min = 0.05, Max = 0.9 },
            new("journalLagShare", SettingType.Number, "Share of the ring that may wait unjournaled before new orders stop.") { Default = "0.25", Min = 0.01, Max = 0.9 })
        },
        new("ingest", SettingType.Object, "Receiving market data.")
        {
            Section = new("ingest",
            new("packetsPerPoll", SettingType.Integer, "Packets taken before the order session is looked at.") { Default = "16", Min = 1, Max = 1024, Unit = "packets" },
            new("receiveBufferBytes", SettingType.Integer, "SO_RCVBUF of the feed's socket: what a stall may cost before the kernel drops.") { Default = "8388608", Min = 65536, Max = 1073741824, Unit = "bytes" },
            new("busyPollMicroseconds", SettingType.Integer, "SO_BUSY_POLL where the driver has it; 0 is off.") { Default = "0", Min = 0, Max = 1000, Unit = "microseconds" },
            new("heldPackets", SettingType.Integer, "With a second line or a re-request server: packets of 2 KiB kept while a hole before them is open. What comes when all are taken is dropped and asked for later; 4096 are a tenth of a second of 40,000 packets.") { Default = "4096", Min = 1, Max = 16384, Unit = "packets" },
            new("timerMilliseconds", SettingType.Integer, "Period of timer events: the resolution of every timeout and rate window.") { Default = "10", Min = 1, Max = 1000, Unit = "ms" })
        },
        new("gateway", SettingType.Object, "The order session.")
        {
            Section = new("gateway",
            new("implementation", SettingType.Choice, "embedded is ours; quickfix is QuickFIX/n, present when make configure found it.") { Default = "\"embedded\"", Choices = ["embedded", "quickfix"] },
            new("pollMicroseconds", SettingType.Integer, "How often the session's socket is read at least; an empty read costs hundreds of nanoseconds.") { Default = "20", Min = 1, Max = 10000, Unit = "microseconds" },
            new("orderLogMegabytes", SettingType.Integer, "Size of the memory-mapped order log; when full, new orders stop.") { Default = "16", Min = 1, Max = 4096, Unit = "MiB" },
            new("storeMegabytes", SettingType.Integer, "What the session's store of messages, both directions, grows to; then the oldest are overwritten. An order with its answers takes about a kilobyte.") { Default = "64", Min = 1, Max = 65536, Unit = "MiB" },
            new("storeDurability", SettingType.Choice, "page-cache: messages survive the process, in memory where there is /dev/shm. asynchronous-flush: the power too, but for the last milliseconds. flush-per-message: each waits for the disk. The last two keep the store on the output folder's disk.") { Default = "\"page-cache\"", Choices = ["page-cache", "asynchronous-flush", "flush-per-message"] },
            new("storeFlushMilliseconds", SettingType.Integer, "Pause between two flushes of asynchronous-flush.") { Default = "10", Min = 1, Max = 60000, Unit = "ms" },
            new("messageLog", SettingType.Flag, "Log the session's messages in plain FIX text under messages/ of the output folder, by a background thread.") { Default = "false" },
            new("messageLogMegabytes", SettingType.Integer, "A log file that has grown to this goes on in another; each day begins one anyway.") { Default = "256", Min = 1, Max = 4096, Unit = "MiB" })
        },
        new("compute", SettingType.Object, "Pricing.")
        {
            Section = new("compute",
            new("backend", SettingType.Choice, "auto takes the widest vectors the processor has; ilgpu needs its adapter.") { Default = "\"auto\"", Choices = ["auto", "scalar", "simd", "ilgpu"] },
            new("device", SettingType.Choice, "ilgpu: what computes. cpu is ILGPU's simulator: right answers, not speed.") { Default = "\"cuda\"", Choices = ["cuda", "opencl", "cpu"] },
            new("deviceIndex", SettingType.Integer, "ilgpu: which device of that kind.") { Default = "0", Min = 0, Max = 63 },
            new("deadlineMicroseconds", SettingType.Integer, "ilgpu: a batch that the device has not answered by then is computed on the processor, with the same bits.") { Default = "1000", Min = 10, Max = 1000000, Unit = "µs" },
            new("persistent", SettingType.Flag, "ilgpu on cuda: a kernel that never ends takes batches from host memory, without a copy or a launch for each; it holds its part of the device.") { Default = "false" },
            new("crossoverOptions", SettingType.Integer, "ilgpu: smaller batches are computed on the processor at once; `Appliance.Perf gpu` measures where the two meet.") { Default = "2048", Min = 0, Max = 65536, Unit = "options" })
        },
        new("journal", SettingType.Object, "The journal.")
        {
            Section = new("journal",
            new("durability", SettingType.Choice, "page-cache survives the process, not the power; interval also waits for the disk every syncMilliseconds, flush after each batch, both on the journal's thread.") { Default = "\"page-cache\"", Choices = ["page-cache", "interval", "flush"] },
            new("syncMilliseconds", SettingType.Integer, "interval: the longest that a written event waits for the disk.") { Default = "50", Min = 1, Max = 60000, Unit = "ms" },
            new("pauseMicroseconds", SettingType.Integer, "How long a sleeping journal thread that found nothing sleeps: what a killed process loses of its last events, against how often the thread disturbs whoever shares its core.") { Default = "1000", Min = 50, Max = 100000, Unit = "µs" })
        },
        new("decide", SettingType.Object, "The deciding thread.")
        {
            Section = new("decide", new Setting("rehearseMicroseconds", SettingType.Integer, "While nothing comes, a busy-spinning deciding thread plays an imaginary price move through books, policy, gate and encoder this often, so that their code stays in the caches. 0: never.") { Default = "20", Min = 0, Max = 1000000, Unit = "µs" })
        },
        new("watchdog", SettingType.Object, "The guard of the hot threads.")
        {
            Section = new("watchdog",
            new Setting("stallMilliseconds", SettingType.Integer, "Order sockets are shut when the heartbeat of any hot thread stands still for this long.") { Default = "1000", Min = 10, Max = 60000, Unit = "ms" })
        },
        new("memory", SettingType.Object, "Table sizes and paging.")
        {
            Section = new("memory",
            new("lockPages", SettingType.Flag, "mlockall before the hot threads start; needs the right to lock that much.") { Default = "true" },
            new("hugePages", SettingType.Flag, "Gather the heap into pages of 2 MiB before the hot threads start, where the kernel can (Linux 6.1).") { Default = "true" },
            new("maxOrders", SettingType.Integer, "Resting venue orders held over all order-by-order books.") { Default = "1048576", Min = 1024, Max = 67108864, Unit = "orders" },
            new("maxLevels", SettingType.Integer, "Price levels held a side of a book.") { Default = "8192", Min = 16, Max = 262144, Unit = "levels" },
            new("liveOrders", SettingType.Integer, "Records of our own orders, live and done; the newest stay, so that a late fill or a bust finds its order.") { Default = "4096", Min = 64, Max = 1048576, Unit = "orders" })
        });

    public static HardwareProfile? Load(string file, ConfigurationErrors errors)
    {
        byte[]? bytes = InputFile.TryRead(file, errors);
        return bytes is null ? null : Parse(bytes, file, errors);
    }

    public static HardwareProfile? Parse(byte[] bytes, string file, ConfigurationErrors errors)
    {
        int before = errors.Count;
        var o = ConfigurationObject.Parse(bytes, file, Keys, errors);
        if (o is null) return null;

        var ring = o.Object("ring");
        long capacity = ring.Integer("capacity");
        if (ring.Has("capacity") && !System.Numerics.BitOperations.IsPow2(capacity)) ring.Error("capacity", capacity.ToString(), "a power of two");
        var threads = o.Object("threads");
        var topology = Enum.TryParse<Topology>(o.Text("topology"), ignoreCase: true, out var parsed) ? parsed : Topology.Fused;
        string[] active = topology switch { Topology.Fused => ["hot", "journal"], Topology.Paired => ["hot", "decide", "journal"], _ => ["hot", "decide", "gateway", "journal"] };
        var placed = active.Select(n => (Name: n, Thread: Placement(threads.Object(n)))).ToArray();
        foreach (var pair in placed.Where(p => p.Thread.Core >= 0 && threads.Object(p.Name).Has("core", "wait")).GroupBy(p => p.Thread.Core).Where(g => g.Count(p => p.Thread.Wait == RingWait.BusySpin) > 1))
            threads.Object(pair.Last().Name).Error("core", $"{pair.Key}", $"a core of its own for each busy-spinning thread ({string.Join(" and ", pair.Select(p => p.Name))} share it)");
        bool placesItself = o.Text("placement") == "auto";
        if (placesItself && topology != Topology.Fused) o.Error("placement", "\"auto\"", "stated with this topology: only fused has one thread to place");
        if (placesItself && placed[0].Thread.Core >= 0) threads.Object("hot").Error("core", $"{placed[0].Thread.Core}", "-1 with placement auto, which chooses the core");
        if (errors.Count > before) return null;

        return new HardwareProfile
        {
            File = file, Bytes = bytes, Name = o.Text("name"), Topology = topology, LowestCores = (int)o.Integer("cores"), PlacesItself = placesItself,
            Hot = Placement(threads.Object("hot")), Decide = Placement(threads.Object("decide")), Gateway = Placement(threads.Object("gateway")), Journal = Placement(threads.Object("journal")),
            RingImplementation = ring.Text("implementation"), RingCapacity = (int)capacity, BatchLimit = (int)ring.Integer("batchLimit"),
            OverloadRingShare = ring.Number("overloadShare"), JournalLagRingShare = ring.Number("journalLagShare"),
            PacketsPerPoll = (int)o.Object("ingest").Integer("packetsPerPoll"), ReceiveBufferBytes = (int)o.Object("ingest").Integer("receiveBufferBytes"),
            BusyPollMicroseconds = (int)o.Object("ingest").Integer("busyPollMicroseconds"), HeldPackets = (int)o.Object("ingest").Integer("heldPackets"), TimerMilliseconds = (int)o.Object("ingest").Integer("timerMilliseconds"),
            GatewayImplementation = o.Object("gateway").Text("implementation"), GatewayPollMicroseconds = (int)o.Object("gateway").Integer("pollMicroseconds"),
            OrderLogMegabytes = (int)o.Object("gateway").Integer("orderLogMegabytes"), FixStore = Store(o.Object("gateway"), o.Object("memory").Flag("hugePages")),
            MessageLogMegabytes = o.Object("gateway").Flag("messageLog") ? (int)o.Object("gateway").Integer("messageLogMegabytes") : 0,
            ComputeBackend = o.Object("compute").Text("backend"), ComputeDevice = Device(o.Object("compute")),
            RehearseMicroseconds = (int)o.Object("decide").Integer("rehearseMicroseconds"),
            JournalDurability = o.Object("journal").Text("durability") switch { "flush" => JournalDurability.EveryWrite, "interval" => JournalDurability.Interval, _ => JournalDurability.PageCache },
            JournalSyncMilliseconds = (int)o.Object("journal").Integer("syncMilliseconds"), JournalPauseMicroseconds = (int)o.Object("journal").Integer("pauseMicroseconds"), WatchdogMilliseconds = (int)o.Object("watchdog").Integer("stallMilliseconds"),
            LockMemory = o.Object("memory").Flag("lockPages"), HugePages = o.Object("memory").Flag("hugePages"), MaxOrders = (int)o.Object("memory").Integer("maxOrders"),
            MaxLevels = (int)o.Object("memory").Integer("maxLevels"), LiveOrders = (int)o.Object("memory").Integer("liveOrders"),
        };
    }

    private static Fix.StoreOptions Store(ConfigurationObject gateway, bool hugePages) => Fix.StoreOptions.OfMegabytes((int)gateway.Integer("storeMegabytes")) with
    {
        Durability = Fix.StoreOptions.DurabilityOf(gateway.Text("storeDurability")), FlushMilliseconds = (int)gateway.Integer("storeFlushMilliseconds"), HugePages = hugePages,
    };

    private static Kernels.Ilgpu.IlgpuOptions Device(ConfigurationObject o) => new()
    {
        Device = o.Text("device"), DeviceIndex = (int)o.Integer("deviceIndex"), DeadlineNs = o.Integer("deadlineMicroseconds") * 1_000, CrossoverOptions = (int)o.Integer("crossoverOptions"),
        IsPersistent = o.Flag("persistent"), CompletesInCall = true,
    };

    /// <summary>As the file says it.</summary>
    public static string NameOf(RingWait wait) => wait switch { RingWait.BusySpin => "busy-spin", RingWait.Yielding => "yielding", RingWait.Parking => "parking", _ => "sleeping" };

    private static ThreadPlacement Placement(ConfigurationObject o) => new((int)o.Integer("core"), o.Text("scheduling"), (int)o.Integer("priority"),
        o.Text("wait") switch { "busy-spin" => RingWait.BusySpin, "yielding" => RingWait.Yielding, "parking" => RingWait.Parking, _ => RingWait.Sleeping });
}
