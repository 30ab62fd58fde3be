using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Contract;
using Appliance.Ring;

namespace Appliance.Tests.Ring;

/// <summary>
/// False sharing is a property of addresses, so that the addresses are asserted: each struct's fields and padding, private ones too, and the places that a real ring gives them.
/// </summary>
public unsafe class RingLayoutTests
{
    private const int LinePair = 128;

    [Fact]
    public void The_shared_word_fills_two_lines()
    {
        AssertLayout(typeof(RingSequence), LinePair, ("Value", 0, 8), ("_padding", 8, 120));
        Assert.Equal(LinePair, sizeof(RingSequence));
    }

    [Fact]
    public void The_producers_own_words_fill_two_lines()
    {
        AssertLayout(typeof(ProducerState), LinePair, ("Claimed", 0, 8), ("ClaimLimit", 8, 8), ("Refused", 16, 8), ("_padding", 24, 104));
        Assert.Equal(LinePair, sizeof(ProducerState));
    }

    [Fact]
    public void A_readers_own_words_fill_two_lines()
    {
        AssertLayout(typeof(ReaderState), LinePair, ("KnownAvailable", 0, 8), ("WaitedFor", 8, 8), ("Found", 16, 8), ("Pauses", 24, 8), ("_padding", 32, 96));
        Assert.Equal(LinePair, sizeof(ReaderState));
    }

    [Theory, InlineData(RingProducers.Single), InlineData(RingProducers.Multiple)]
    public void Every_part_of_a_ring_stands_on_its_own_lines(RingProducers producers)
    {
        using var ring = new EmbeddedRing<RingEvent>(new RingOptions { Capacity = 64, Producers = producers });
        var first = ring.AddReader("first", RingWait.Parking);
        var second = ring.AddReader("second", RingWait.BusySpin, first);
        ring.Freeze();
        var parts = new SortedDictionary<long, long>();
        object producer = ring.Producer;
        foreach (object owner in new[] { ring, producer, first, second })
            foreach (FieldInfo field in AllFields(owner.GetType()))
                if (field.FieldType.IsPointer && Address(field, owner) is var address and not 0)
                    parts[address] = field.FieldType.GetElementType() switch
                    {
                        var t when t == typeof(RingEvent) => 64 * sizeof(RingEvent),
                        var t when t == typeof(int) => 64 * sizeof(int),
                        _ => LinePair,
                    };
        // Slots, cursor, two released sequences, two reader states, and what the producer's kind needs.
        Assert.Equal(producers == RingProducers.Single ? 7 : 9, parts.Count);
        long end = 0;
        foreach (var (address, size) in parts)
        {
            Assert.Equal(0, address % LinePair);
            Assert.True(address >= end, "two parts overlap");
            end = address + size;
        }
    }

    [Fact]
    public void A_ring_event_is_one_cache_line()
    {
        using var ring = new EmbeddedRing<RingEvent>(new RingOptions { Capacity = 8 });
        ring.AddReader("only", RingWait.BusySpin);
        for (long sequence = 0; sequence < 8; sequence++)
            Assert.Equal(0, (long)Unsafe.AsPointer(ref ring.SingleProducer[sequence]) % 64);
    }

    /// <summary>
    /// The managed objects may stand beside anything on the heap: so nothing in them changes once the ring is frozen. The fields that are not read-only are named here with why.
    /// </summary>
    [Fact]
    public void Managed_objects_hold_no_word_that_changes()
    {
        var writtenWhileBuilding = new HashSet<string> { "_parked", "_gates", "_frozen" };
        foreach (Type type in new[] { typeof(SingleProducer<long>), typeof(MultiProducer<long>), typeof(RingReader<long>), typeof(EmbeddedRing<long>), typeof(ParkingSpot) })
            foreach (FieldInfo field in AllFields(type))
                Assert.True(field.IsInitOnly || field.IsLiteral || writtenWhileBuilding.Contains(field.Name), $"{type.Name}.{field.Name} can change");
    }

    private static FieldInfo[] AllFields(Type type) => type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);

    private static long Address(FieldInfo field, object owner) => (long)Pointer.Unbox(field.GetValue(owner)!);

    /// <summary>Compares with what the runtime laid out (sizes) and what the type declares (offsets), and demands that the fields leave no byte unnamed.</summary>
    private static void AssertLayout(Type type, int size, params (string Name, int Offset, int Size)[] fields)
    {
        Assert.True(type.IsExplicitLayout);
        Assert.Equal(size, SizeOf(type));
        var declared = AllFields(type).Select(f => (f.Name, f.GetCustomAttribute<FieldOffsetAttribute>()!.Value, SizeOf(f.FieldType))).OrderBy(f => f.Value).ToArray();
        Assert.Equal(fields, declared);
        int end = 0;
        foreach (var (_, offset, bytes) in declared)
        {
            Assert.Equal(end, offset);
            end = offset + bytes;
        }
        Assert.Equal(size, end);
    }

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
}
