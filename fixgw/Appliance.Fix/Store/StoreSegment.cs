using System.Numerics;
using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>
/// One segment of a store: a head, records one behind another, and from the end downwards the index, four bytes an outbound message of the current generation: where its record begins.
/// The index is made again from the records at each start, so no cut or tear can make it lie. Segments are filled in turn and taken again when the store has reached its size; the ordinal
/// tells one filling from the next, and seeds the checksum of its records, so that what an earlier filling left is never taken for a record.
/// </summary>
internal sealed unsafe class StoreSegment : IDisposable
{
    public const int HeadBytes = 64, IndexEntryBytes = 4;
    private const ulong Magic = 0x324745_534D4746; // "FGMSEG2"

    private readonly bool _isFile;
    public readonly byte* Base;
    public readonly int Bytes;

    // What other threads may look at: the ordinal is withdrawn (−1) while the rest changes.
    private long _ordinal;
    public long FirstRecordNumber;
    public int Used;

    public uint Seed;
    public int IndexCount;
    /// <summary>Lowest and highest outbound number of the current generation in here; 0 when there is none.</summary>
    public uint First, Last;
    /// <summary>Where the current generation begins in the index.</summary>
    public int GenerationFrom;

    /// <summary>A segment in plain memory.</summary>
    public StoreSegment(int bytes)
    {
        Bytes = bytes;
        Base = (byte*)NativeMemory.AllocZeroed((nuint)bytes);
        for (long page = 0; page < bytes; page += 4096) Volatile.Write(ref Base[page], 0);
    }

    /// <summary>A segment in a mapped file.</summary>
    public StoreSegment(byte* at, int bytes)
    {
        _isFile = true;
        Bytes = bytes;
        Base = at;
    }

    /// <summary>Which filling of the store this is, from 1; 0 when it was never used.</summary>
    public long Ordinal => Volatile.Read(ref _ordinal);

    public byte* IndexEnd => Base + Bytes - (long)IndexEntryBytes * IndexCount;

    private ref ulong Word(int at) => ref *(ulong*)(Base + at);

    /// <summary>Begins a new filling.</summary>
    public void Begin(long ordinal, uint salt, long firstRecordNumber)
    {
        Volatile.Write(ref _ordinal, -1);
        Interlocked.MemoryBarrier();
        FirstRecordNumber = firstRecordNumber;
        Used = HeadBytes;
        IndexCount = GenerationFrom = 0;
        First = Last = 0;
        Seed = SeedOf(salt, ordinal);
        Word(8) = (ulong)ordinal;
        Word(16) = (ulong)Bytes;
        Word(24) = HeadCheck(salt, (ulong)ordinal);
        Volatile.Write(ref Word(0), Magic);
        Volatile.Write(ref _ordinal, ordinal);
    }

    /// <summary>What the head of a file that was found says.</summary>
    /// <returns>Its ordinal; 0 when it holds nothing, −1 when the head is damaged.</returns>
    public static long ReadHead(byte* at, uint salt)
    {
        ulong ordinal = *(ulong*)(at + 8);
        if (*(ulong*)at == 0)
            return 0;
        return *(ulong*)at == Magic && *(ulong*)(at + 24) == HeadCheck(salt, ordinal) && ordinal is > 0 and < long.MaxValue ? (long)ordinal : -1;
    }

    /// <summary>True when a store once used the file, whatever became of it since.</summary>
    public static bool IsMarked(byte* at) => *(ulong*)at == Magic;

    private static ulong HeadCheck(uint salt, ulong ordinal) => 1UL << 32 | BitOperations.Crc32C(salt, ordinal);

    public static uint SeedOf(uint salt, long ordinal) => BitOperations.Crc32C(~salt, (ulong)ordinal);

    /// <summary>Takes up what an earlier run left here: finds its records and makes the index of those of the generation.</summary>
    /// <returns>Places at which something that is no whole record stands before a whole one.</returns>
    public int Restore(long ordinal, uint salt, uint generation, long firstRecordNumber, ref long records, ref uint lastOutgoing)
    {
        Begin(ordinal, salt, firstRecordNumber);
        int at = HeadBytes, damaged = 0;
        while (at < Bytes)
        {
            int found = NextWhole(Base, at, Bytes, Seed);
            if (found < 0)
                break;
            if (found > at) damaged++;
            var record = (StoreRecord*)(Base + found);
            records++;
            if (record->Generation == generation && record->Direction == StoreDirection.Out && record->Sequence > lastOutgoing)
            {
                lastOutgoing = record->Sequence;
                Enter(found, record->Sequence);
            }
            at = found + StoreRecord.SizeOf(record->Length);
        }
        Used = at;
        return damaged;
    }

    /// <summary>Where the next whole record begins, from a multiple of 16 on; −1 when there is none.</summary>
    public static int NextWhole(byte* segment, int from, int to, uint seed)
    {
        for (int at = from; at <= to - StoreRecord.Bytes; at += StoreRecord.Alignment)
            if (StoreRecord.IsWhole((StoreRecord*)(segment + at), to - at, seed)) return at;
        return -1;
    }

    /// <summary>Writes the index entry of an outbound record.</summary>
    public void Enter(int offset, uint sequence)
    {
        IndexCount++;
        *(int*)IndexEnd = offset;
        if (First == 0) First = sequence;
        Last = sequence;
    }

    /// <summary>Takes the newest index entry away.</summary>
    public void Withdraw(uint sequence)
    {
        IndexCount--;
        if (First == sequence) First = Last = 0;
        else Last = sequence - 1;
    }

    /// <summary>The numbers begin anew: what was indexed so far belongs to the generation before.</summary>
    public void BeginGeneration()
    {
        GenerationFrom = IndexCount;
        First = Last = 0;
    }

    /// <summary>The record of an outbound number between First and Last; null when it has none. Numbers rarely have holes, so the first guess is nearly always right.</summary>
    public StoreRecord* Find(uint sequence)
    {
        int low = GenerationFrom, high = IndexCount - 1, guess = (int)Math.Min(GenerationFrom + (long)(sequence - First), high);
        while (low <= high)
        {
            var record = At(guess);
            if (record->Sequence == sequence)
                return record;
            if (record->Sequence < sequence) low = guess + 1;
            else high = guess - 1;
            guess = low + (high - low) / 2;
        }
        return null;
    }

    /// <summary>The newest record that the index knows of the current generation; null when there is none.</summary>
    public StoreRecord* Newest => IndexCount > GenerationFrom ? At(IndexCount - 1) : null;

    private StoreRecord* At(int entry) => (StoreRecord*)(Base + *(int*)(Base + Bytes - (long)IndexEntryBytes * (entry + 1)));

    public void Dispose()
    {
        if (_isFile) FileCalls.Unmap(Base, Bytes);
        else NativeMemory.Free(Base);
    }
}
