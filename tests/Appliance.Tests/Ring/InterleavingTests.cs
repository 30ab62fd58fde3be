using Appliance.Contract;
using FsCheck;
using FsCheck.Fluent;

namespace Appliance.Tests.Ring;

/// <summary>
/// Random programs of claims, publications and releases against a model that is a few lines of arithmetic. A failing program is shrunk and printed; each step is one byte, so that it can be pasted into
/// <see cref="Run"/>.
/// </summary>
public class InterleavingTests
{
    public static TheoryData<RingMaker> Rings => RingMaker.All;

    [Theory, MemberData(nameof(Rings))]
    public void Any_program_agrees_with_the_model(RingMaker maker)
    {
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), program => Run(maker, program)).Check(
            Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(400));
    }

    [Theory, MemberData(nameof(Rings))]
    public void Long_seeded_programs_agree_with_the_model(RingMaker maker)
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            var program = new byte[5_000];
            new Random(seed).NextBytes(program);
            Run(maker, program);
        }
    }

    /// <summary>
    /// Graph: a and b behind the producer, c behind both, d alone. Low three bits choose the step, the others its size.
    /// </summary>
    private static void Run(RingMaker maker, byte[] program)
    {
        const int Capacity = 8;
        using IRing<long> ring = maker.Make<long>(Capacity);
        IRingReader<long> a = ring.AddConsumer("a", RingWait.BusySpin), b = ring.AddConsumer("b", RingWait.BusySpin);
        IRingReader<long> c = ring.AddConsumer("c", RingWait.BusySpin, a, b), d = ring.AddConsumer("d", RingWait.BusySpin);
        IRingReader<long>[] readers = [a, b, c, d];
        long claimed = -1;
        long[] released = [-1, -1, -1, -1];
        var open = new List<long>();
        var published = new HashSet<long>();

        foreach (byte step in program)
        {
            int size = step >> 3;
            switch (step & 7)
            {
                case 0 or 1 when maker.ClaimsMayStandOpen || open.Count == 0:
                    int count = 1 + size % Capacity;
                    bool fits = claimed + count - Math.Min(released[2], released[3]) <= Capacity;
                    Assert.Equal(fits, ring.Producer.TryClaim(count, out long last));
                    if (!fits) break;
                    Assert.Equal(claimed + count, last);
                    for (long sequence = claimed + 1; sequence <= last; sequence++)
                    {
                        ring.Producer[sequence] = sequence * 17;
                        open.Add(sequence);
                    }
                    claimed = last;
                    break;
                case 2 or 3 when open.Count > 0:
                    // Many producers publish in any order, one publishes in its own.
                    int chosen = maker.ManyProducers ? size % open.Count : 0;
                    ring.Producer.Publish(open[chosen]);
                    published.Add(open[chosen]);
                    open.RemoveAt(chosen);
                    break;
                case >= 4 and var which:
                    IRingReader<long> reader = readers[which - 4];
                    long readable = Readable(which - 4);
                    Assert.Equal(readable, reader.Available());
                    long upTo = Math.Min(readable, released[which - 4] + 1 + size % 4);
                    for (long sequence = released[which - 4] + 1; sequence <= upTo; sequence++) Assert.Equal(sequence * 17, reader[sequence]);
                    if (upTo <= released[which - 4]) break;
                    reader.Release(upTo);
                    released[which - 4] = upTo;
                    Assert.Equal(upTo + 1, reader.NextSequence);
                    break;
            }
        }

        long Contiguous()
        {
            long sequence = -1;
            while (published.Contains(sequence + 1)) sequence++;
            return sequence;
        }

        long Readable(int which) => which == 2 ? Math.Min(released[0], released[1]) : Contiguous();
    }
}
