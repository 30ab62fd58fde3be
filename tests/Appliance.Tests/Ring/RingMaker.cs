using System.Runtime.InteropServices;
using Appliance.Contract;
using Appliance.Ring;
using Appliance.Ring.Disruptor;

namespace Appliance.Tests.Ring;

/// <summary>One implementation of the ring's port in one producer mode. The contract's tests run for each that this build has.</summary>
public abstract class RingMaker(string name, bool manyProducers)
{
    public bool ManyProducers { get; } = manyProducers;
    /// <summary>Whether several claims may stand open at once. The port asks it of many producers only; the embedded ring gives it to one as well.</summary>
    public virtual bool ClaimsMayStandOpen => ManyProducers;
    public abstract IRing<T> Make<T>(int capacity) where T : unmanaged;
    public override string ToString() => $"{name}, {(ManyProducers ? "many producers" : "one producer")}";

    public static TheoryData<RingMaker> All
    {
        get
        {
            var makers = new TheoryData<RingMaker> { new Embedded(false), new Embedded(true) };
            if (DisruptorAdapter.Status.IsBuilt)
            {
                makers.Add(new Library(false));
                makers.Add(new Library(true));
            }
            return makers;
        }
    }

    private sealed class Embedded(bool many) : RingMaker("embedded", many)
    {
        public override bool ClaimsMayStandOpen => true;
        public override IRing<T> Make<T>(int capacity) => new EmbeddedRing<T>(new RingOptions
        {
            Capacity = capacity, Producers = ManyProducers ? RingProducers.Multiple : RingProducers.Single, ParkMsPerSlice = 2,
        });
    }

    private sealed class Library(bool many) : RingMaker("Disruptor-net", many)
    {
        public override IRing<T> Make<T>(int capacity) => DisruptorAdapter.CreateRing<T>(
            new DisruptorRingOptions { Capacity = capacity, ManyProducers = ManyProducers, AllowsParking = true, ParkMsPerSlice = 2 });
    }
}

/// <summary>A cache line whose words all follow from one number, so that an event mixed from two writes shows.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MarkedLine
{
    private long _number, _word1, _word2, _word3, _word4, _word5, _word6, _word7;

    public void Write(long number)
    {
        _number = number;
        _word1 = number * 3;
        _word2 = ~number;
        _word3 = number * 0x1E3779B97F4A7C15L;
        _word4 = number ^ 0x5555555555555555L;
        _word5 = number + 5;
        _word6 = -number;
        _word7 = number;
    }

    public readonly long Number => _number;

    public readonly bool IsWhole =>
        _word1 == _number * 3 && _word2 == ~_number && _word3 == _number * 0x1E3779B97F4A7C15L
        && _word4 == (_number ^ 0x5555555555555555L) && _word5 == _number + 5 && _word6 == -_number && _word7 == _number;
}
