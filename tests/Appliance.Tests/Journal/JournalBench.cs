using System.Text;
using Appliance.Contract;
using Appliance.Ingest.Journal;
using Appliance.Ring;

namespace Appliance.Tests.Journal;

/// <summary>A ring with the journal's writer behind it, driven by the test's own thread.</summary>
internal sealed class JournalBench : IDisposable
{
    private readonly EmbeddedRing<RingEvent> _ring;

    public JournalBench(IJournalFile file, JournalOptions? options = null, int capacity = 1 << 10)
    {
        _ring = new EmbeddedRing<RingEvent>(new RingOptions { Capacity = capacity });
        IRingReader<RingEvent> reader = _ring.AddConsumer("journal", RingWait.Yielding);
        Writer = JournalWriter.TryStart(file, Header(), reader, options ?? new JournalOptions { MaxHoldUs = 0 }, out string? error)
            ?? throw new InvalidOperationException(error);
        Sink = new RingEventSink(_ring.SingleProducer);
    }

    public JournalWriter Writer { get; }
    public RingEventSink Sink { get; }
    public long Cursor => _ring.Cursor;

    public static JournalHeader Header(string desk = "{ \"desk\": 1 }", string profile = "{ \"profile\": 2 }") => new()
    {
        Desk = new PinnedFile("desk/test.json", Encoding.UTF8.GetBytes(desk)),
        Profile = new PinnedFile("hw-config/test.json", Encoding.UTF8.GetBytes(profile)),
        Policies = [new PinnedFile("policy.safetensors", new byte[] { 1, 2, 3, 0, 255 })],
        OpeningPositions = [new OpeningPosition(1, 2, -300, 61_800_00000000), new OpeningPosition(0, 7, 5, 0)],
        InstrumentCount = 12,
        OrderIdEpoch = 77,
        Build = "1.2.3+abc",
        InstructionSet = "x64 AVX2",
        StartedUtcNs = 1_700_000_000_000_000_000,
    };

    public void Publish(in RingEvent e)
    {
        ref RingEvent slot = ref Sink.Claim();
        slot = e;
        Sink.Publish();
    }

    /// <summary>Publishes all, letting the writer take them whenever the ring is full, and at the end.</summary>
    public void PublishAll(IEnumerable<RingEvent> events)
    {
        foreach (RingEvent e in events)
        {
            while (Sink.RemainingCapacity == 0) _ = Writer.Turn();
            Publish(in e);
        }
        Writer.RequestStop();
        Writer.Run();
    }

    public void Dispose()
    {
        Writer.Dispose();
        _ring.Dispose();
    }

    /// <summary>Events of every kind with random payloads: the journal must not care what is in them.</summary>
    public static RingEvent[] RandomEvents(int count, int seed)
    {
        var random = new Random(seed);
        EventKind[] kinds = Enum.GetValues<EventKind>().Where(k => k is not (EventKind.None or EventKind.EndOfInput or EventKind.RunFooter)).ToArray();
        var events = new RingEvent[count];
        long timeUtcNs = 1_700_000_000_000_000_000;
        for (int i = 0; i < count; i++)
        {
            random.NextBytes(TestKit.RingEventBytes.AsBytes(ref events[i]));
            events[i].Kind = kinds[random.Next(kinds.Length)];
            events[i].TimeUtcNs = timeUtcNs += random.Next(1_000_000);
        }
        return events;
    }

    public static List<RingEvent> ReadAll(string path, out JournalReader reader, out JournalRead last)
    {
        reader = JournalReader.TryOpen(path, out string? error) ?? throw new InvalidOperationException(error);
        var events = new List<RingEvent>();
        RingEvent e = default;
        while ((last = reader.Read(ref e)) == JournalRead.Event) events.Add(e);
        return events;
    }

    public static void AssertEqual(IReadOnlyList<RingEvent> expected, IReadOnlyList<RingEvent> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (int i = 0; i < expected.Count; i++)
        {
            RingEvent left = expected[i], right = actual[i];
            if (!TestKit.RingEventBytes.AsBytes(ref left).SequenceEqual(TestKit.RingEventBytes.AsBytes(ref right))) Assert.Fail($"event {i} differs");
        }
    }
}

/// <summary>A file that goes with the test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"appliance-test-{Guid.NewGuid():N}");
    public void Dispose() => File.Delete(Path);
}
